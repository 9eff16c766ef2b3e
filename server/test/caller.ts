/** A caller of the API as tests of `access/` need it: a program, unless they say otherwise. */
import type { Caller } from '../src/http/http.ts';

export function caller(about: Partial<Caller> = {}): Caller {
  return {
    method: 'GET',
    route: '/api/v1/messages',
    address: '192.0.2.1',
    userAgent: 'test',
    authorization: undefined,
    tenant: undefined,
    cookie: undefined,
    csrf: undefined,
    host: 'mail.example.com',
    origin: undefined,
    fetchSite: undefined,
    ...about,
  };
}
