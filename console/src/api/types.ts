// Made from openapi.yaml by tools/api_types.mjs (npm run types). Not edited by hand.

export type Id = string;

export type Time = string;

export type Named = {
  id: Id;
  name: string;
};

export type Role = 'admin' | 'operator' | 'analyst' | 'reseller' | 'responder' | 'agent' | 'insurer' | 'manager' | 'customer';

export type Level = 'red' | 'yellow' | 'blue';

export type Problem = {
  type: string;
  title: string;
  status: number;
  detail?: string;
  instance?: string;
  code: 'bad_request' | 'bad_json' | 'login_failed' | 'not_logged_in' | 'csrf' | 'forbidden' | 'not_found' | 'method' | 'conflict' | 'too_large' | 'unsupported_type' | 'invalid' | 'too_many' | 'internal' | 'unavailable';
  field?: string;
};

/** A text for people; `ja` and `en` are the rendered forms of the same key and parameters. */
export type Text = {
  key: string;
  params: Record<string, string | number>;
  ja: string;
  en: string;
};

export type Me = {
  user: User;
  csrf_token: string;
  expires: Time;
};

export type User = {
  id: Id;
  login: string;
  name: string;
  role: Role;
  organisation: Named;
  language: 'ja' | 'en';
  last_login?: Time | null;
};

export type Summary = {
  open: {
    red: number;
    yellow: number;
    blue: number;
  };
  gateways: {
    online: number;
    silent: number;
    never: number;
  };
  devices: {
    total: number;
    unknown: number;
    isolated: number;
  };
};

export type Device = {
  id: Id;
  firm: Named;
  site: Named;
  gateway: Named;
  mac: string;
  maker: string | null;
  hostname: string | null;
  name: string | null;
  place: string | null;
  label: string;
  ips: string[];
  first_seen: Time;
  last_seen: Time;
  unknown: boolean;
  isolation: Isolation | null;
};

export type Isolation = {
  state: 'ordered' | 'applied' | 'release_ordered';
  by: 'center' | 'rule' | 'command';
  reason: string;
  since: Time;
  expires: Time | null;
};

export type Incident = {
  id: Id;
  number: string;
  firm: Named;
  site: Named;
  gateway: Named;
  device: Device | null;
  kind: 'c2' | 'virus' | 'exploit' | 'scan' | 'phishing' | 'bad_site' | 'credential' | 'coinminer' | 'lateral' | 'policy' | 'app' | 'dos' | 'weak_point' | 'gateway_silent' | 'fail_open' | 'device_isolated' | 'other';
  level: Level;
  level_reasons: Text[];
  state: 'new' | 'acknowledged' | 'resolved' | 'false_positive';
  title: Text;
  what_happened: Text;
  stopped: Text;
  what_to_do: Text[];
  not_known: Text;
  opened_by: 'lan' | 'wan' | null;
  threat_direction: 'outside_in' | 'inside_out' | null;
  verdict: 'detected' | 'partly_blocked' | 'blocked' | 'isolated' | 'none';
  count: number;
  blocked_count: number;
  first_seen: Time;
  last_seen: Time;
  isolated: boolean;
  acknowledged: Mark | null;
  resolved: Mark | null;
  technical: Technical;
};

export type Mark = {
  at: Time;
  by: string;
  note: string | null;
};

/** For the IT firm; below the fold */
export type Technical = {
  src_ip: string | null;
  src_port: number | null;
  dest_ip: string | null;
  dest_port: number | null;
  proto: string | null;
  app_proto: string | null;
  host: string | null;
  rules: ({
    gid: number;
    sid: number;
    rev: number;
    message: string;
    category: string | null;
    severity: number | null;
    count: number;
  })[];
  flows: string[];
};

export type Event = {
  id: string;
  at: Time;
  received: Time;
  type: string;
  verdict: 'detected' | 'blocked' | 'isolated' | 'none';
  src_ip: string | null;
  src_port: number | null;
  dest_ip: string | null;
  dest_port: number | null;
  proto: string | null;
  message: string | null;
  eve: Record<string, unknown>;
};

export type Notice = {
  id: Id;
  firm: Named;
  incident: {
    id: Id;
    number: string;
  };
  kind: 'first' | 'escalation' | 'resolved' | 'false_positive';
  level: Level;
  channel: 'mail';
  recipient: string;
  language: 'ja' | 'en';
  subject: string;
  body: string;
  message_id?: string;
  state: 'waiting' | 'sent' | 'dead';
  attempts: number;
  created: Time;
  sent: Time | null;
  error: string | null;
};

export type Gateway = {
  id: Id;
  firm: Named;
  site: Named;
  name: string;
  state: 'online' | 'silent' | 'never';
  last_heartbeat: Time | null;
  version: string | null;
  fail_open: boolean | null;
  capture: string | null;
  counters: Record<string, number>;
  clock_offset_ms: number | null;
  policy: {
    number: number;
    known_number: number | null;
  };
  enrolled: Time | null;
  devices_confirmed: Time | null;
  revoked: Time | null;
};

export type Organisation = {
  id: Id;
  kind: 'operator' | 'reseller' | 'firm' | 'responder' | 'agent' | 'insurer';
  name: string;
  parent_id: Id | null;
};

export type Firm = {
  id: Id;
  name: string;
  language: 'ja' | 'en';
  phrase: string | null;
  reseller: Named | null;
  sites: Named[];
  contacts: ({
    id: Id;
    name: string;
    mail: string;
    language: 'ja' | 'en';
  })[];
};

export type StreamMessage = {
  id: Id;
  firm_id: Id;
};

export type Health = {
  status: 'pass' | 'warn' | 'fail';
  version?: string;
  checks: ({
    name: string;
    status: 'pass' | 'warn' | 'fail';
    detail?: string;
  })[];
};

export type Operations = {
  /** Login */
  login: {
    path: undefined;
    query: undefined;
    body: {
      login: string;
      password: string;
    };
    answer: Me;
  };
  /** Logout */
  logout: {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** Who is logged in */
  getMe: {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Me;
  };
  /** Change one's own password (ends all other sessions of the user) */
  changePassword: {
    path: undefined;
    query: undefined;
    body: {
      old_password: string;
      new_password: string;
    };
    answer: undefined;
  };
  /** Counts for the first page */
  getSummary: {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Summary;
  };
  /** Incidents, the last seen first */
  listIncidents: {
    path: undefined;
    query: { limit?: number | undefined; cursor?: string | undefined; firm?: Id | undefined; level?: string | undefined; state?: string | undefined; device?: Id | undefined };
    body: undefined;
    answer: {
      items: Incident[];
      next_cursor: string | null;
    };
  };
  /** One incident */
  getIncident: {
    path: { id: Id };
    query: undefined;
    body: undefined;
    answer: Incident;
  };
  /** The events that made the incident, newest first */
  listIncidentEvents: {
    path: { id: Id };
    query: { limit?: number | undefined; cursor?: string | undefined };
    body: undefined;
    answer: {
      items: Event[];
      next_cursor: string | null;
    };
  };
  /** The notices of an incident, exactly as they were sent */
  listIncidentNotices: {
    path: { id: Id };
    query: undefined;
    body: undefined;
    answer: {
      items: Notice[];
    };
  };
  /** Somebody looks at it now (state new -> acknowledged) */
  acknowledgeIncident: {
    path: { id: Id };
    query: undefined;
    body: undefined;
    answer: Incident;
  };
  /** It is over (state -> resolved or false_positive); closes the thread of its notices */
  resolveIncident: {
    path: { id: Id };
    query: undefined;
    body: {
      state: 'resolved' | 'false_positive';
      note?: string;
    };
    answer: Incident;
  };
  /** All notices, newest first */
  listNotices: {
    path: undefined;
    query: { limit?: number | undefined; cursor?: string | undefined; firm?: Id | undefined };
    body: undefined;
    answer: {
      items: Notice[];
      next_cursor: string | null;
    };
  };
  /** The gateways that the session reaches */
  listGateways: {
    path: undefined;
    query: { limit?: number | undefined; cursor?: string | undefined; firm?: Id | undefined };
    body: undefined;
    answer: {
      items: Gateway[];
      next_cursor: string | null;
    };
  };
  /** Prepare a gateway for a site (admin, operator, reseller) */
  createGateway: {
    path: undefined;
    query: undefined;
    body: {
      site_id: Id;
      name: string;
    };
    answer: Gateway;
  };
  /** One gateway */
  getGateway: {
    path: { id: Id };
    query: undefined;
    body: undefined;
    answer: Gateway;
  };
  /** A new 12-character code for the box (older ones of this gateway end) */
  createClaimCode: {
    path: { id: Id };
    query: undefined;
    body: undefined;
    answer: {
      code: string;
      expires: Time;
    };
  };
  /** The gateway's certificate is no longer accepted (stolen or exchanged box) */
  revokeGateway: {
    path: { id: Id };
    query: undefined;
    body: undefined;
    answer: Gateway;
  };
  /** All machines seen there so far are the firm's own; whatever comes later is unknown from its first frame */
  confirmDevices: {
    path: { id: Id };
    query: undefined;
    body: undefined;
    answer: Gateway;
  };
  /** The machines seen on the firms' networks */
  listDevices: {
    path: undefined;
    query: { limit?: number | undefined; cursor?: string | undefined; firm?: Id | undefined; isolated?: boolean | undefined; unknown?: boolean | undefined };
    body: undefined;
    answer: {
      items: Device[];
      next_cursor: string | null;
    };
  };
  /** One device */
  getDevice: {
    path: { id: Id };
    query: undefined;
    body: undefined;
    answer: Device;
  };
  /** Give it a name and a place (a named device is no longer unknown) */
  updateDevice: {
    path: { id: Id };
    query: undefined;
    body: {
      name?: string | null;
      place?: string | null;
    };
    answer: Device;
  };
  /** Cut it off at its gateway (admin, operator, analyst; a firm's own manager for the firm) */
  isolateDevice: {
    path: { id: Id };
    query: undefined;
    body: {
      reason: string;
      hours?: number;
    };
    answer: Device;
  };
  /** Let it back on the network */
  releaseDevice: {
    path: { id: Id };
    query: undefined;
    body: undefined;
    answer: Device;
  };
  /** The part of the organisation tree that the session reaches */
  listOrganisations: {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: {
      items: Organisation[];
    };
  };
  /** A reseller, responder, agent or insurer under the operator (admin, operator) */
  createOrganisation: {
    path: undefined;
    query: undefined;
    body: {
      kind: 'reseller' | 'responder' | 'agent' | 'insurer';
      name: string;
    };
    answer: Organisation;
  };
  /** Firms */
  listFirms: {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: {
      items: Firm[];
    };
  };
  /** A new firm with its first site (admin, operator, reseller) */
  createFirm: {
    path: undefined;
    query: undefined;
    body: {
      name: string;
      site: string;
      language?: 'ja' | 'en';
      phrase?: string;
      reseller_id?: Id;
    };
    answer: Firm;
  };
  /** One firm */
  getFirm: {
    path: { id: Id };
    query: undefined;
    body: undefined;
    answer: Firm;
  };
  /** A person who gets the firm's notices (admin, operator, reseller, the firm's manager) */
  createContact: {
    path: { id: Id };
    query: undefined;
    body: {
      name: string;
      mail: string;
      language?: 'ja' | 'en';
    };
    answer: Firm;
  };
  /** A further site of the firm (admin, operator, reseller) */
  createSite: {
    path: { id: Id };
    query: undefined;
    body: {
      name: string;
    };
    answer: Firm;
  };
  /** Users (admin) */
  listUsers: {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: {
      items: User[];
    };
  };
  /** A new user (admin) */
  createUser: {
    path: undefined;
    query: undefined;
    body: {
      login: string;
      name: string;
      role: Role;
      organisation_id?: Id;
      password: string;
      language?: 'ja' | 'en';
    };
    answer: User;
  };
  /** Live changes (server-sent events) */
  stream: {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** This document */
  getOpenapi: {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: undefined;
  };
  /** The process lives */
  healthz: {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Health;
  };
  /** The center can work (store writable, mail relay state) */
  readyz: {
    path: undefined;
    query: undefined;
    body: undefined;
    answer: Health;
  };
};

export const operations = {
  login: { method: 'POST', path: '/api/session' },
  logout: { method: 'DELETE', path: '/api/session' },
  getMe: { method: 'GET', path: '/api/me' },
  changePassword: { method: 'PUT', path: '/api/me/password' },
  getSummary: { method: 'GET', path: '/api/summary' },
  listIncidents: { method: 'GET', path: '/api/incidents' },
  getIncident: { method: 'GET', path: '/api/incidents/{id}' },
  listIncidentEvents: { method: 'GET', path: '/api/incidents/{id}/events' },
  listIncidentNotices: { method: 'GET', path: '/api/incidents/{id}/notices' },
  acknowledgeIncident: { method: 'POST', path: '/api/incidents/{id}/acknowledge' },
  resolveIncident: { method: 'POST', path: '/api/incidents/{id}/resolve' },
  listNotices: { method: 'GET', path: '/api/notices' },
  listGateways: { method: 'GET', path: '/api/gateways' },
  createGateway: { method: 'POST', path: '/api/gateways' },
  getGateway: { method: 'GET', path: '/api/gateways/{id}' },
  createClaimCode: { method: 'POST', path: '/api/gateways/{id}/claim-code' },
  revokeGateway: { method: 'POST', path: '/api/gateways/{id}/revoke' },
  confirmDevices: { method: 'POST', path: '/api/gateways/{id}/confirm-devices' },
  listDevices: { method: 'GET', path: '/api/devices' },
  getDevice: { method: 'GET', path: '/api/devices/{id}' },
  updateDevice: { method: 'PATCH', path: '/api/devices/{id}' },
  isolateDevice: { method: 'POST', path: '/api/devices/{id}/isolate' },
  releaseDevice: { method: 'POST', path: '/api/devices/{id}/release' },
  listOrganisations: { method: 'GET', path: '/api/organisations' },
  createOrganisation: { method: 'POST', path: '/api/organisations' },
  listFirms: { method: 'GET', path: '/api/firms' },
  createFirm: { method: 'POST', path: '/api/firms' },
  getFirm: { method: 'GET', path: '/api/firms/{id}' },
  createContact: { method: 'POST', path: '/api/firms/{id}/contacts' },
  createSite: { method: 'POST', path: '/api/firms/{id}/sites' },
  listUsers: { method: 'GET', path: '/api/users' },
  createUser: { method: 'POST', path: '/api/users' },
  stream: { method: 'GET', path: '/api/stream' },
  getOpenapi: { method: 'GET', path: '/api/openapi.yaml' },
  healthz: { method: 'GET', path: '/healthz' },
  readyz: { method: 'GET', path: '/readyz' },
} as const satisfies Record<keyof Operations, { method: string; path: string }>;
