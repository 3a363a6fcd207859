import { mount } from 'svelte';
import App from './App.svelte';
import { router } from './stores/route.svelte.ts';
import { session } from './stores/session.svelte.ts';
import { settings } from './stores/settings.svelte.ts';
import './ui/base.css';

settings.start();
router.start();
void session.start();
const target = document.getElementById('app');
if (target) mount(App, { target });
