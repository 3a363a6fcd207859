// What pages read from the center, by what it is about.
import type { ApiError } from '../api/client.ts';
import type { Device, Event, Firm, Gateway, Incident, Notice, Organisation, Role, Summary, User } from '../api/types.ts';
import { One, Pages } from './pages.svelte.ts';
import { ask } from './session.svelte.ts';

export type { ApiError, Device, Event, Firm, Gateway, Incident, Notice, Organisation, Role, Summary, User };

export type IncidentFilter = { state: string; level: string; firm: string };
export type DeviceFilter = { which: 'all' | 'unknown' | 'isolated'; firm: string };

const orNothing = (text: string): string | undefined => (text === '' ? undefined : text);

export const incidentPages = (filter: () => IncidentFilter): Pages<Incident> =>
  new Pages((query) => {
    const { state, level, firm } = filter();
    return ask('listIncidents', {
      query: { ...query, state: orNothing(state), level: orNothing(level), firm: orNothing(firm) },
    });
  });

export const devicePages = (filter: () => DeviceFilter): Pages<Device> =>
  new Pages((query) => {
    const { which, firm } = filter();
    return ask('listDevices', {
      query: {
        ...query,
        firm: orNothing(firm),
        isolated: which === 'isolated' ? true : undefined,
        unknown: which === 'unknown' ? true : undefined,
      },
    });
  });

export const gatewayPages = (): Pages<Gateway> => new Pages((query) => ask('listGateways', { query }));
export const noticePages = (firm: () => string): Pages<Notice> =>
  new Pages((query) => ask('listNotices', { query: { ...query, firm: orNothing(firm()) } }));
export const eventPages = (id: string): Pages<Event> => new Pages((query) => ask('listIncidentEvents', { path: { id }, query }));

export const summaryOne = (): One<Summary> => new One(() => ask('getSummary', {}));
export const incidentOne = (id: string): One<Incident> => new One(() => ask('getIncident', { path: { id } }));
export const firmsOne = (): One<Firm[]> => new One(async () => (await ask('listFirms', {})).items);
export const usersOne = (): One<User[]> => new One(async () => (await ask('listUsers', {})).items);
export const organisationsOne = (): One<Organisation[]> => new One(async () => (await ask('listOrganisations', {})).items);
export const noticesOne = (id: string): One<Notice[]> =>
  new One(async () => (await ask('listIncidentNotices', { path: { id } })).items);

export const incidentAcknowledge = (id: string): Promise<Incident> => ask('acknowledgeIncident', { path: { id } });

export const incidentResolve = (id: string, state: 'resolved' | 'false_positive', note: string): Promise<Incident> =>
  ask('resolveIncident', { path: { id }, body: note.trim() === '' ? { state } : { state, note: note.trim() } });

export const deviceIsolate = (id: string, reason: string, hours: number): Promise<Device> =>
  ask('isolateDevice', { path: { id }, body: { reason: reason.trim(), hours } });

export const deviceRelease = (id: string): Promise<Device> => ask('releaseDevice', { path: { id } });

export const deviceName = (id: string, name: string, place: string): Promise<Device> =>
  ask('updateDevice', { path: { id }, body: { name: name.trim() || null, place: place.trim() || null } });

export const firmAdd = (name: string, site: string): Promise<Firm> => ask('createFirm', { body: { name, site } });

export type NewContact = { name: string; mail: string; language: 'ja' | 'en' };

export const contactAdd = (firmId: string, contact: NewContact): Promise<Firm> =>
  ask('createContact', { path: { id: firmId }, body: { ...contact, name: contact.name.trim(), mail: contact.mail.trim() } });

export type NewUser = { login: string; name: string; role: Role; organisation_id: string; password: string; language: 'ja' | 'en' };

export const userAdd = (user: NewUser): Promise<User> =>
  ask('createUser', { body: { ...user, login: user.login.trim(), name: user.name.trim() } });

export const passwordChange = (before: string, after: string): Promise<undefined> =>
  ask('changePassword', { body: { old_password: before, new_password: after } });

export const gatewayAdd = (siteId: string, name: string): Promise<Gateway> =>
  ask('createGateway', { body: { site_id: siteId, name } });

export const devicesConfirm = (id: string): Promise<Gateway> => ask('confirmDevices', { path: { id } });

export const claimCode = (id: string): Promise<{ code: string; expires: string }> => ask('createClaimCode', { path: { id } });
