import type { AuditStore, SetupLinkStore } from '../people/index.ts';
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
