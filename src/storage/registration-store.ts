import type { RegistrationStore, StoredBinding } from '../engine/index.ts';
import { toInstant, toJson, toTimestamp } from './database.ts';
import type { Database } from './database.ts';

type BindingRow = {
  username: string;
  contact_uri: string;
  source_address: string;
  source_port: number;
  transport: StoredBinding['transport'];
  path: string[];
  sip_call_id: string;
  cseq: number;
  expires_at: Date;
  user_agent: string;
};

/** Both halves touch different rows, so one statement can do both. */
const REPLACE = `
  with gone as (
    delete from registration
    where username = $1 and contact_uri not in (
      select b.contact_uri from json_populate_recordset(null::registration, $2) b
    )
  )
  insert into registration
  select b.* from json_populate_recordset(null::registration, $2) b
  on conflict (username, contact_uri) do update set
    source_address = excluded.source_address,
    source_port = excluded.source_port,
    transport = excluded.transport,
    path = excluded.path,
    sip_call_id = excluded.sip_call_id,
    cseq = excluded.cseq,
    expires_at = excluded.expires_at,
    user_agent = excluded.user_agent`;

export function createRegistrationStore(database: Database): RegistrationStore {
  return {
    async credentials(username) {
      const rows = await database.rows<{ ha1_md5: string; ha1_sha256: string; realm: string }>({
        name: 'sip-account',
        text: 'select ha1_md5, ha1_sha256, realm from sip_account where username = $1',
        values: [username],
      });
      const row = rows[0];
      return row ? { ha1Md5: row.ha1_md5, ha1Sha256: row.ha1_sha256, realm: row.realm } : null;
    },

    async bindings(username): Promise<StoredBinding[]> {
      const rows = await database.rows<BindingRow>({
        name: 'registration-of',
        text: 'select * from registration where username = $1 order by expires_at desc, contact_uri',
        values: [username],
      });
      return rows.map(toBinding);
    },

    async allBindings(now): Promise<StoredBinding[]> {
      const rows = await database.rows<BindingRow>({
        text: `select * from registration where expires_at > $1
          order by username, expires_at, contact_uri`,
        values: [toTimestamp(now)],
      });
      return rows.map(toBinding);
    },

    async replaceBindings(username, bindings): Promise<void> {
      const rows = bindings.map((binding) => toRow({ ...binding, username }));
      await database.rows({
        name: 'registration-replace',
        text: REPLACE,
        values: [username, toJson(rows)],
      });
    },
  };
}

function toRow(binding: StoredBinding): Record<keyof BindingRow, unknown> {
  return {
    username: binding.username,
    contact_uri: binding.contactUri,
    source_address: binding.sourceAddress,
    source_port: binding.sourcePort,
    transport: binding.transport,
    path: binding.path,
    sip_call_id: binding.sipCallId,
    cseq: binding.cseq,
    expires_at: toTimestamp(binding.expiresAt),
    user_agent: binding.userAgent,
  };
}

function toBinding(row: BindingRow): StoredBinding {
  return {
    username: row.username,
    contactUri: row.contact_uri,
    sourceAddress: row.source_address,
    sourcePort: row.source_port,
    transport: row.transport,
    path: row.path,
    sipCallId: row.sip_call_id,
    cseq: row.cseq,
    expiresAt: toInstant(row.expires_at),
    userAgent: row.user_agent,
  };
}
