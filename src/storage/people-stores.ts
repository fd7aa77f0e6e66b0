import type { ApiTokenId, OperatorId, SubscriberId } from '../base/index.ts';
import type { ApiToken, ApiTokenStore, AuditStore, SetupLinkStore } from '../people/index.ts';
import { toInstant, toJson, toTimestamp } from './database.ts';
import type { Database } from './database.ts';

export function createAuditStore(database: Database): AuditStore {
  return {
    async append(entry): Promise<void> {
      await database.rows({
        text: `insert into audit_entry
            (at, actor_id, actor_name, action, subject_type, subject_id, detail)
          values ($1, $2, $3, $4, $5, $6, $7)`,
        values: [
          toTimestamp(entry.at),
          entry.actorId,
          entry.actorName,
          entry.action,
          entry.subjectType,
          entry.subjectId,
          toJson(entry.detail),
        ],
      });
    },

    async appendListen({ recordingId, userId, userName, at }): Promise<void> {
      await database.rows({
        text: `insert into recording_listen (recording_id, user_id, user_name, at)
          values ($1, $2, $3, $4)`,
        values: [recordingId, userId, userName, toTimestamp(at)],
      });
    },
  };
}

export function createSetupLinkStore(database: Database): SetupLinkStore {
  return {
    async replace({ purpose, tokenHash, createdAt, expiresAt }): Promise<void> {
      await database.rows({
        text: `with gone as (delete from setup_link where purpose = $1 and token_hash <> $2)
          insert into setup_link (purpose, token_hash, created_at, expires_at)
          values ($1, $2, $3, $4)`,
        values: [purpose, tokenHash, toTimestamp(createdAt), toTimestamp(expiresAt)],
      });
    },

    async find(purpose, tokenHash) {
      const [row] = await database.rows<{ expires_at: Date }>({
        text: `select expires_at from setup_link
          where purpose = $1 and token_hash = $2 and used_at is null`,
        values: [purpose, tokenHash],
      });
      return row ? { expiresAt: toInstant(row.expires_at) } : null;
    },

    async use(purpose, tokenHash, now): Promise<boolean> {
      const rows = await database.rows({
        text: `update setup_link set used_at = $3
          where purpose = $1 and token_hash = $2 and used_at is null and expires_at > $3
          returning 1`,
        values: [purpose, tokenHash, toTimestamp(now)],
      });
      return rows.length === 1;
    },
  };
}

type ApiTokenRow = {
  id: ApiTokenId;
  name: string;
  role: ApiToken['role'];
  subscriber_id: SubscriberId | null;
  operator_id: OperatorId | null;
  created_at: Date;
  created_by: string;
  expires_at: Date | null;
  last_used_at: Date | null;
};

const TOKEN_COLUMNS = `id, name, role, subscriber_id, operator_id, created_at, created_by,
  expires_at, last_used_at`;
const LISTED_TOKENS = 1000;

export function createApiTokenStore(database: Database): ApiTokenStore {
  return {
    async add(token, hash): Promise<void> {
      await database.rows({
        text: `insert into api_token (token_hash, ${TOKEN_COLUMNS})
          values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        values: [
          hash,
          token.id,
          token.name,
          token.role,
          token.subscriberId,
          token.operatorId,
          toTimestamp(token.createdAt),
          token.createdBy,
          toTimestamp(token.expiresAt),
          toTimestamp(token.lastUsedAt),
        ],
      });
    },

    async findByHash(hash): Promise<ApiToken | null> {
      const [row] = await database.rows<ApiTokenRow>({
        name: 'api-token-by-hash',
        text: `select ${TOKEN_COLUMNS} from api_token where token_hash = $1`,
        values: [hash],
      });
      return row ? toApiToken(row) : null;
    },

    async noteUse(id, now): Promise<void> {
      await database.rows({
        text: 'update api_token set last_used_at = $2 where id = $1',
        values: [id, toTimestamp(now)],
      });
    },

    async list(): Promise<ApiToken[]> {
      const rows = await database.rows<ApiTokenRow>({
        text: `select ${TOKEN_COLUMNS} from api_token order by created_at desc, id desc limit $1`,
        values: [LISTED_TOKENS],
      });
      return rows.map(toApiToken);
    },

    async remove(id): Promise<boolean> {
      const text = 'delete from api_token where id = $1 returning 1';
      return (await database.rows({ text, values: [id] })).length === 1;
    },
  };
}

function toApiToken(row: ApiTokenRow): ApiToken {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    subscriberId: row.subscriber_id,
    operatorId: row.operator_id,
    createdAt: toInstant(row.created_at),
    createdBy: row.created_by,
    expiresAt: toInstant(row.expires_at),
    lastUsedAt: toInstant(row.last_used_at),
  };
}
