import { adminEn, mailboxEn } from './en-admin.ts';
import { consoleEn } from './en-console.ts';
import { customerEn } from './en-customer.ts';
import { portalEn } from './en-portal.ts';
import type { Texts } from './ja.ts';

export const en: Texts = {
  common: {
    product: 'Denwaban',
    loading: 'Loading',
    problem: 'Something went wrong',
    retry: 'Try again',
    close: 'Close',
    cancel: 'Cancel',
    notFound: 'Page not found',
    toHome: 'To the first page',
    showPassword: 'Show the password',
  },
  menu: {
    open: 'Menu of {{name}}',
    look: 'Look',
    scheme: { light: 'Light', dark: 'Dark', auto: 'As the device' },
    language: '言語 / Language',
    signOut: 'Sign out',
    areas: 'Areas',
    console: 'Operator console',
    admin: 'Administration',
    messages: 'All messages',
  },
  signIn: {
    title: 'Sign in',
    email: 'E-mail address',
    password: 'Password',
    submit: 'Sign in',
    emailNeeded: 'Please give your e-mail address.',
    passwordNeeded: 'Please give your password.',
    ended: 'Your session has ended. Please sign in again. What you were writing is kept.',
    setupNeeded:
      'There is no administrator yet. Open the “first administrator” link that was printed at start.',
    demo: 'Accounts to try (demo)',
    demoHint: 'Choosing one signs you in at once.',
  },
  role: {
    operator: 'Operator',
    supervisor: 'Supervisor',
    administrator: 'Administrator',
    member: 'Subscriber',
  },
  setup: {
    title: 'Create the first administrator',
    lead: 'The account of the person who looks after this Denwaban. This link works once.',
    name: 'Name',
    email: 'E-mail address',
    password: 'Password',
    passwordHint: 'At least 10 characters; a few words in a row are easy to remember.',
    repeat: 'Password (again)',
    mismatch: 'The two passwords differ.',
    tooShort: 'At least 10 characters, please.',
    nameNeeded: 'Please give a name.',
    emailNeeded: 'Please give an e-mail address (such as name@example.jp).',
    submit: 'Create and begin',
    noToken:
      'The link is incomplete. Open the whole link that was printed at start. npm run denwaban -- first-admin prints a new one.',
  },
  insecure: {
    title: 'The microphone is not available at this address',
    why: '{{origin}} is not an encrypted connection. Browsers give the microphone to https:// and http://localhost alone, so calls cannot be answered here.',
    localhost: 'On the computer it runs on, open http://localhost instead.',
    certificate: 'In an office, make a certificate on the server and open https://.',
    proxy: 'Behind a proxy that has a certificate, open that address (such as {{url}}).',
    english:
      'The microphone is not available: {{origin}} is not an encrypted connection, and browsers give the microphone to https:// and http://localhost alone. Open http://localhost on the computer itself, make a certificate with the command above, or use a proxy that has one (such as {{url}}).',
  },
  delivery: {
    queued: 'Queued',
    sending: 'Sending',
    accepted: 'Accepted',
    retrying: 'Retrying',
    uncertain: 'Checking',
    failed: 'Failed',
    none: 'No recipient',
    acceptedHint: 'The receiving mail server took it.',
    uncertainHint: 'We are finding out whether it went. A second copy may be marked 【再送】.',
    nextAttempt: 'next at {{time}}',
    attempts: 'attempt {{count}}',
  },
  console: consoleEn,
  portal: portalEn,
  customer: customerEn,
  mailbox: mailboxEn,
  admin: adminEn,
};
