import { randomBytes } from 'node:crypto';
import {
  STUN_TYPE,
  errorCode,
  hasIntegrity,
  unknownAttributes,
  writeStun,
  xorMappedAddress,
} from './stun-message.ts';
import type { StunAttribute, StunMessage } from './stun-message.ts';

export type IceCredentials = { ufrag: string; password: string };

/** RFC 8445 §5.3 asks for 24 and 128 random bits; the letters of base64 are the ice-chars. */
export function newIceCredentials(): IceCredentials {
  return { ufrag: iceChars(8), password: iceChars(24) };
}

function iceChars(length: number): string {
  return randomBytes(length).toString('base64').replaceAll('=', '').slice(0, length);
}

/** Our ufrag in a check's USERNAME (`ours:theirs`, RFC 8445 §7.2.2). */
export function localUfrag(username: string | undefined): string | undefined {
  const colon = username?.indexOf(':') ?? -1;
  return colon < 1 ? undefined : username?.slice(0, colon);
}

export type CheckOutcome =
  | { kind: 'valid'; reply: Buffer; nominated: boolean }
  | { kind: 'refused'; reply: Buffer; reason: 'role-conflict' | 'unknown-attribute' }
  | { kind: 'dropped'; reason: 'not-a-request' | 'bad-integrity' };

/**
 * One connectivity check against a leg's credentials (RFC 8445 §7.3 for a lite agent). Whoever
 * does not know the password gets no reply, so nothing can be reflected or probed.
 */
export function answerCheck(
  message: StunMessage,
  from: { address: string; port: number },
  credentials: { local: IceCredentials; remoteUfrag: string },
): CheckOutcome {
  const { local, remoteUfrag } = credentials;
  if (message.type !== STUN_TYPE.bindingRequest) {
    return { kind: 'dropped', reason: 'not-a-request' };
  }
  if (
    message.username !== `${local.ufrag}:${remoteUfrag}` ||
    !hasIntegrity(message, local.password)
  ) {
    return { kind: 'dropped', reason: 'bad-integrity' };
  }
  const answer = (type: number, attributes: StunAttribute[]): Buffer =>
    writeStun({
      type,
      transactionId: message.transactionId,
      attributes,
      password: local.password,
    });
  if (message.unknownRequired.length > 0) {
    const attributes = [
      errorCode(420, 'Unknown Attribute'),
      unknownAttributes(message.unknownRequired),
    ];
    return {
      kind: 'refused',
      reason: 'unknown-attribute',
      reply: answer(STUN_TYPE.bindingError, attributes),
    };
  }
  // RFC 8445 §6.1.1: beside a lite agent the full one controls; 487 makes the browser switch.
  if (message.iceControlled) {
    const reply = answer(STUN_TYPE.bindingError, [errorCode(487, 'Role Conflict')]);
    return { kind: 'refused', reason: 'role-conflict', reply };
  }
  const mapped = xorMappedAddress(from, message.transactionId);
  return {
    kind: 'valid',
    reply: answer(STUN_TYPE.bindingSuccess, [mapped]),
    nominated: message.useCandidate,
  };
}
