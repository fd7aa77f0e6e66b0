export { ApiTokens, writeCliToken } from './api-token.ts';
export type { AuthDatabase } from './auth.ts';
export { actorOf, NOBODY } from './identity.ts';
export type { Identity, Role, User } from './identity.ts';
export { People } from './people.ts';
export type { Credentials, NewUser, PeopleOptions, SignInOutcome, UserChange } from './people.ts';
export { decide, rowScope } from './policies.ts';
export type { Decision, OwnedResource, Policy, PolicyFacts } from './policies.ts';
export type { SetupRefusal } from './first-administrator.ts';
export type {
  ApiToken,
  ApiTokenStore,
  AuditEntry,
  AuditStore,
  NewApiToken,
  SetupLinkStore,
} from './ports.ts';
export { loadSecretFile } from './secret-file.ts';
