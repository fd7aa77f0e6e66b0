import { z } from 'zod';
import { AppError } from '../base/index.ts';
import type { Clock, Random } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { customerNumberSchema } from '../contract/index.ts';
import { readPorts } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import type { Terminal } from './terminal.ts';
import { placeTestCall } from './test-call.ts';

const numbersSchema = z.object({ numbers: z.array(customerNumberSchema) });
/** A number that cannot be assigned. */
const DEFAULT_FROM = '09001234567';
const DEFAULT_SECONDS = 10;
const WAIT_SECONDS = 60;

type Surroundings = {
  values: { from?: string | undefined; seconds?: string | undefined; sip?: string | undefined };
  config: Config;
  client: () => ApiClient;
  terminal: Terminal;
  clock: Clock;
  random: Random;
};

/** `call [NUMBER]`: from this machine, as a trunk would. True when both sides could be heard. */
export async function testCall(
  number: string | undefined,
  { values, config, client, terminal, clock, random }: Surroundings,
): Promise<boolean> {
  const { from = DEFAULT_FROM, seconds = String(DEFAULT_SECONDS) } = values;
  if (!/^\d{1,4}$/.test(seconds)) {
    throw new AppError('cli.usage', '--seconds must be a number of seconds.');
  }
  return placeTestCall(
    {
      number: number ?? (await firstNumber(client())),
      from: from.replace(/[^\d+]/g, ''),
      target: values.sip === undefined ? ownSip(config) : readTarget(values.sip),
      talkSeconds: Number(seconds),
      waitSeconds: WAIT_SECONDS,
    },
    { terminal, clock, random },
  );
}

async function firstNumber(client: ApiClient): Promise<string> {
  const { numbers } = await client.json(numbersSchema, 'GET', '/api/v1/customer/numbers');
  const [first] = numbers;
  if (first !== undefined) return first.formatted;
  throw new AppError('cli.usage', 'There is no number to call yet: apply an office first.');
}

function ownSip(config: Config): { address: string; port: number } {
  const { bind } = config.sip;
  const address = bind === '0.0.0.0' ? '127.0.0.1' : bind;
  return { address, port: readPorts(config)?.sip ?? config.sip.port };
}

function readTarget(text: string): { address: string; port: number } {
  const [, address = '', port = '5060'] = /^([\d.]{7,15})(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (address === '') throw new AppError('cli.usage', '--sip must look like 192.0.2.10:5060.');
  return { address, port: Number(port) };
}
