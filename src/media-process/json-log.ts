import type { Logger } from '../base/index.ts';

const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50 } as const;

/** One JSON line per message, in the shape of the app's own log. */
export function jsonLogger(
  options: { level: string; now: () => number; write: (line: string) => void },
  bindings: Record<string, unknown> = {},
): Logger {
  const least = Object.hasOwn(LEVELS, options.level)
    ? LEVELS[options.level as keyof typeof LEVELS]
    : LEVELS.info;
  const say =
    (level: keyof typeof LEVELS) =>
    (fields: Record<string, unknown>, msg: string): void => {
      if (LEVELS[level] < least) return;
      const line = { level: LEVELS[level], time: options.now(), ...bindings, ...fields, msg };
      options.write(`${JSON.stringify(line, readable)}\n`);
    };
  return {
    child: (more) => jsonLogger(options, { ...bindings, ...more }),
    trace: say('trace'),
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
  };
}

/** An Error has nothing that JSON takes of itself; here it looks as in the app's log. */
function readable(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { name: type, message, stack } = value;
  return { type, message, stack };
}
