// What a person chose for this browser: language and light or dark. Kept in localStorage, nowhere else.
export type Language = 'ja' | 'en';
export type Theme = 'light' | 'dark';

function remembered<T extends string>(name: string, allowed: readonly T[]): T | undefined {
  try {
    return allowed.find((one) => one === localStorage.getItem(name));
  } catch {
    return undefined; // storage is switched off: the choice lasts for this page
  }
}

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // as above
  }
}

class Settings {
  language = $state<Language>('ja');
  theme = $state<Theme>('light');
  #languageChosen = false;

  start(): void {
    const language = remembered('otasuke.language', ['ja', 'en'] as const);
    this.#languageChosen = language !== undefined;
    this.#show(language ?? (navigator.language.startsWith('ja') ? 'ja' : 'en'));
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const theme = remembered('otasuke.theme', ['light', 'dark'] as const);
    this.#paint(theme ?? (dark.matches ? 'dark' : 'light'));
    dark.addEventListener('change', (event) => {
      if (!remembered('otasuke.theme', ['light', 'dark'] as const)) this.#paint(event.matches ? 'dark' : 'light');
    });
  }

  /** The language of the account counts until the person chooses another one here. */
  languageOfAccount(language: Language): void {
    if (!this.#languageChosen) this.#show(language);
  }

  chooseLanguage(language: Language): void {
    this.#languageChosen = true;
    remember('otasuke.language', language);
    this.#show(language);
  }

  chooseTheme(theme: Theme): void {
    remember('otasuke.theme', theme);
    this.#paint(theme);
  }

  #show(language: Language): void {
    this.language = language;
    document.documentElement.lang = language;
  }

  #paint(theme: Theme): void {
    this.theme = theme;
    document.documentElement.dataset['theme'] = theme;
  }
}

export const settings = new Settings();
