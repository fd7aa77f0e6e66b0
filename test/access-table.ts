/**
 * Who may do what, written out by hand. The rows are compared with the live route table: a route
 * that is not here fails the suite, and so does a row without a route.
 *
 * Columns, in order: nobody, member of the subscriber, member of another subscriber, operator,
 * supervisor, administrator, API token, command line's token.
 * `y` may, `-` is told to sign in (401), `n` may not (403), `x` finds nothing (404).
 */
export const COLUMNS = [
  'nobody',
  'member',
  'foreign-member',
  'operator',
  'supervisor',
  'administrator',
  'api-token',
  'cli-token',
] as const;
export type Column = (typeof COLUMNS)[number];
export type Verdict = 'y' | '-' | 'n' | 'x';

export const ACCESS: Record<string, string> = {
  // everybody
  'GET /healthz': 'yyyyyyyy',
  'GET /readyz': 'yyyyyyyy',
  'GET /metrics': 'yyyyyyyy',
  'GET /api/openapi.json': 'yyyyyyyy',
  'GET /*': 'yyyyyyyy',
  'GET /api/v1/about': 'yyyyyyyy',
  'GET /api/v1/setup': 'yyyyyyyy',
  'POST /api/v1/setup': 'yyyyyyyy',
  'POST /api/v1/session': 'yyyyyyyy',

  // one's own session; a token has none
  'GET /api/v1/session': '-yyyyynn',
  'POST /api/v1/session/password': '-yyyyynn',
  'DELETE /api/v1/session': '-yyyyynn',
  'GET /api/v1/live': '-yyyyyyy',

  // the machine's administrators
  'POST /api/v1/setup/link': '-nnnnnny',
  'GET /api/v1/users': '-nnnnyyy',
  'POST /api/v1/users': '-nnnnyyy',
  'PATCH /api/v1/users/:id': '-nnnnyyy',
  'GET /api/v1/tokens': '-nnnnyyy',
  'POST /api/v1/tokens': '-nnnnyyy',
  'DELETE /api/v1/tokens/:id': '-nnnnyyy',
  'POST /api/v1/apply': '-nnnnyyy',
  'GET /api/v1/export': '-nnnnyyy',
  'GET /api/v1/backup': '-nnnnyyy',
  'POST /api/v1/restore': '-nnnnyyy',

  // whoever has a place on the floor (in the test: the operator alone)
  'GET /api/v1/desk': '-nnynnnn',
  'POST /api/v1/desk/audio': '-nnynnnn',
  'DELETE /api/v1/desk/audio': '-nnynnnn',
  'POST /api/v1/desk/echo-test': '-nnynnnn',
  'PUT /api/v1/desk/presence': '-nnynnnn',
  'POST /api/v1/calls/:id/answer': '-nnynnnn',
  'POST /api/v1/calls/:id/decline': '-nnynnnn',
  'POST /api/v1/calls/:id/hang-up': '-nnynnnn',
  'POST /api/v1/calls/:id/finish': '-nnynnnn',
  'POST /api/v1/calls/:id/hold': '-nnynnnn',
  'POST /api/v1/calls/:id/retrieve': '-nnynnnn',
  'PUT /api/v1/calls/:id/mute': '-nnynnnn',
  'PUT /api/v1/calls/:id/recording-pause': '-nnynnnn',
  'POST /api/v1/calls/:id/digits': '-nnynnnn',
  'POST /api/v1/calls/:id/relay': '-nnynnnn',
  'POST /api/v1/calls/:id/connect': '-nnynnnn',
  'POST /api/v1/calls/:id/three-way': '-nnynnnn',
  'POST /api/v1/calls/:id/transfer': '-nnynnnn',
  'POST /api/v1/calls/:id/park': '-nnynnnn',
  'POST /api/v1/calls/:id/pick-up': '-nnynnnn',
  'POST /api/v1/calls/:id/hand-over': '-nnynnnn',
  'GET /api/v1/calls/:id/draft': '-nnynnnn',
  'PUT /api/v1/calls/:id/draft/fields/:field': '-nnynnnn',
  'POST /api/v1/calls/:id/message': '-nnynnnn',

  // the office's people
  'GET /api/v1/calls': '-nnyyyyy',
  'POST /api/v1/deliveries/:id/retry': '-nnyyyyy',
  'GET /api/v1/operators': '-nnyyyyy',
  'GET /api/v1/floor': '-nnnyyyy',
  'GET /api/v1/trunks': '-nnnyyyy',
  'PUT /api/v1/calls/:id/monitor': '-nnnyyyy',
  'DELETE /api/v1/calls/:id/monitor': '-nnnyyyy',
  'GET /api/v1/mailbox': '-nnnyyyy',

  // a subscriber's own things
  'GET /api/v1/subscribers': '-yyyyyyy',
  'GET /api/v1/subscribers/:id': '-yxyyyyy',
  'POST /api/v1/subscribers/:id/call-backs': '-yxyyyyy',
  'PUT /api/v1/subscribers/:id/contacts/:contactId/presence': '-yxyyyyy',
  'GET /api/v1/calls/:id': '-yxyyyyy',
  'GET /api/v1/messages': '-yyyyyyy',
  'GET /api/v1/messages/:id': '-yxyyyyy',
  'POST /api/v1/messages/:id/handled': '-yxyyyyy',
  'GET /api/v1/recordings/:id': '-yxyyyyy',
  'GET /api/v1/recordings/:id/audio': '-yxyyyyy',

  // calling as a customer, outside demonstration mode
  'GET /api/v1/customer/numbers': '-nnnyyyy',
  'POST /api/v1/customer/calls': '-nnnyyyy',
  'GET /api/v1/customer/calls/:id': '-nnnyyyy',
  'DELETE /api/v1/customer/calls/:id': '-nnnyyyy',
};

/** Who may hear which topic of the live connection. `y` hears it, `n` is closed with 4403. */
export const TOPICS: Record<string, string> = {
  desk: 'nnnynnnn',
  floor: 'nnnnyyyy',
  messages: 'nyyyyyyy',
};
