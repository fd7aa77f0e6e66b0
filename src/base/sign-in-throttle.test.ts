import { expect, it } from 'vitest';
import { ManualClock } from './manual-clock.ts';
import { SignInThrottle } from './sign-in-throttle.ts';

const fail = (throttle: SignInThrottle, times: number, email: string, address: string): void => {
  for (let i = 0; i < times; i++) throttle.failed(email, address);
};

it('five failures stop the pair for five minutes from the first', () => {
  const clock = new ManualClock();
  const throttle = new SignInThrottle(clock);
  fail(throttle, 4, 'a@example.jp', '192.0.2.1');
  expect(throttle.waitMs('a@example.jp', '192.0.2.1')).toBe(0);
  fail(throttle, 1, 'A@example.jp', '192.0.2.1');
  expect(throttle.waitMs('a@example.jp', '192.0.2.1')).toBe(300_000);
  expect(throttle.waitMs('a@example.jp', '192.0.2.2')).toBe(0);
  clock.advance(300_000);
  expect(throttle.waitMs('a@example.jp', '192.0.2.1')).toBe(0);
});

it('success forgets the failures of the pair', () => {
  const throttle = new SignInThrottle(new ManualClock());
  fail(throttle, 5, 'a@example.jp', '192.0.2.1');
  throttle.succeeded('a@example.jp', '192.0.2.1');
  expect(throttle.waitMs('a@example.jp', '192.0.2.1')).toBe(0);
});

it('one address that tries many accounts is stopped on all of them', () => {
  const throttle = new SignInThrottle(new ManualClock());
  for (let i = 0; i < 50; i++) throttle.failed(`a${i}@example.jp`, '192.0.2.1');
  expect(throttle.waitMs('new@example.jp', '192.0.2.1')).toBeGreaterThan(0);
  expect(throttle.waitMs('new@example.jp', '192.0.2.2')).toBe(0);
});

it('an account that is tried from many addresses gives each one try: the owner’s first is right', () => {
  const clock = new ManualClock();
  const throttle = new SignInThrottle(clock);
  for (let i = 0; i < 20; i++) fail(throttle, 1, '101', `192.0.2.${i}`);
  expect(throttle.waitMs('101', '192.0.2.3')).toBe(300_000);
  expect(throttle.waitMs('101', '198.51.100.1')).toBe(0);
  fail(throttle, 1, '101', '198.51.100.1');
  expect(throttle.waitMs('101', '198.51.100.1')).toBe(300_000);
  expect(throttle.waitMs('102', '192.0.2.3')).toBe(0);
  clock.advance(300_000);
  expect(throttle.waitMs('101', '192.0.2.3')).toBe(0);
});

it('a try that was counted before it proved right counts for nobody', () => {
  const throttle = new SignInThrottle(new ManualClock());
  for (let i = 0; i < 60; i++) {
    throttle.failed('101', '192.0.2.1');
    throttle.takeBack('101', '192.0.2.1');
  }
  expect(throttle.waitMs('101', '192.0.2.1')).toBe(0);
});
