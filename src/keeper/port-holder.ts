import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** The program that has this port, as far as we are allowed to see: `nginx (process 812)`. */
export function portHolder(kind: 'udp' | 'tcp', port: number): string | undefined {
  try {
    const inode = [kind, `${kind}6`].map((table) => inodeOf(table, port)).find(Boolean);
    return inode === undefined ? undefined : holderOf(`socket:[${inode}]`);
  } catch {
    return undefined;
  }
}

/** Rows of /proc/net/tcp and udp: number, local address:port (hex), …, state, …, inode (tenth). */
function inodeOf(table: string, port: number): string | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const row of readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1)) {
    const fields = row.trim().split(/\s+/);
    const listening = table.startsWith('udp') || fields[3] === '0A';
    if (listening && fields[1]?.endsWith(suffix)) return fields[9];
  }
  return undefined;
}

function holderOf(link: string): string | undefined {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (openFiles(pid).includes(link)) {
      const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
      return `${name} (process ${pid})`;
    }
  }
  return undefined;
}

function openFiles(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => linkTarget(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

/** Empty when the file was closed between listing and looking. */
function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
