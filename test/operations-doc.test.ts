import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { HELP } from '../src/cli/run.ts';
import { VARIABLES } from '../src/config/variables.ts';
import { KEPT } from '../src/storage/retention.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');
const operations = read('docs/operations.md');

/** The commands of the help text: `user create`, `doctor`. */
const commands = [...HELP.matchAll(/^ {2}([a-z-]+(?: [a-z-]+)?)/gm)].map(([, name = '']) => name);

describe('docs/operations.md', () => {
  it('names the ports with their variables and defaults', () => {
    const rows = [...operations.matchAll(/^\| ([\d-]+) \(`(DENWABAN_[A-Z_]+)`\)/gm)];
    expect(rows).toHaveLength(4);
    for (const [, port, name = ''] of rows) {
      expect([name, VARIABLES[name as keyof typeof VARIABLES].default]).toEqual([name, port]);
    }
  });

  it('names no setting and no command that is not there', () => {
    const text = operations + read('README.md') + read('docs/denwaban.service');
    for (const [name] of text.matchAll(/DENWABAN_[A-Z_]+(?<!_)/g)) {
      expect(Object.keys(VARIABLES)).toContain(name);
    }
    for (const [, name = ''] of text.matchAll(/npm run denwaban -- ([a-z-]+)/g)) {
      expect(commands.map((command) => command.split(' ')[0])).toContain(name);
    }
  });

  it('speaks of every command', () => {
    for (const command of commands) expect(operations).toContain(command);
  });

  it('says how long things are kept as it is done', () => {
    const section = operations.split('## What is kept')[1]?.split('\n## ')[0] ?? '';
    expect(section).toContain(`newest ${KEPT.mailboxMails} mails`);
    expect(section).toContain(`(${VARIABLES.DENWABAN_RECORDING_DAYS.default}; 0 keeps them)`);
    expect([KEPT.auditDays, KEPT.draftDays, KEPT.transitionDays]).toEqual([730, 90, 90]);
    expect(section).toContain(`calls out after ${KEPT.outboundDays} days`);
  });
});

describe('the systemd unit', () => {
  const unit = read('docs/denwaban.service');

  it('asks the keeper alone to stop, waits for it, and starts nothing that cannot work again', () => {
    expect(unit).toContain('\nKillMode=mixed\n');
    expect(unit).toContain('\nRestartPreventExitStatus=78\n');
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(30 + 60);
    const [, script = ''] = /^ExecStart=\/usr\/bin\/node (\S+) start$/m.exec(unit) ?? [];
    expect(() => read(script)).not.toThrow();
  });

  // It also looks whether the programs named are there.
  it.skipIf(!hasSystemd() || !existsSync('/usr/bin/node'))('is one to systemd', () => {
    const said = execFileSync('systemd-analyze', ['verify', `${ROOT}docs/denwaban.service`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(said).toBe('');
  });
});

function hasSystemd(): boolean {
  try {
    execFileSync('systemd-analyze', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
