import 'reflect-metadata';
import { webcrypto, X509Certificate as NodeCertificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { AppError } from '../base/index.ts';
import type { Terminal } from './terminal.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 60 * 60_000;
const AUTHORITY_DAYS = 3650;
/** Apple's devices trust no certificate for longer than 825 days. */
const LEAF_DAYS = 820;

type Issuer = { certificate: x509.X509Certificate; key: CryptoKey };
type CryptoKey = webcrypto.CryptoKey;

/**
 * `certificate NAME…`: a certificate for these host names and addresses, signed by an authority of
 * this installation alone, which each device is told to trust once. Returns the three paths.
 */
export async function makeCertificate(
  names: readonly string[],
  dataDir: string,
): Promise<{ authority: string; certificate: string; key: string }> {
  for (const name of names) assertName(name);
  x509.cryptoProvider.set(forX509(webcrypto));
  const folder = join(dataDir, 'certificates');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const paths = {
    authority: join(folder, 'authority.pem'),
    certificate: join(folder, 'server.pem'),
    key: join(folder, 'server-key.pem'),
  };
  const issuer = await authority(paths.authority, join(folder, 'authority-key.pem'));
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${names[0] ?? ''}`,
    issuer: issuer.certificate.subject,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + LEAF_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: forX509(forX509(keys.publicKey)),
    signingKey: forX509(issuer.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({
          type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
          value,
        })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.certificate.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(forX509(keys.publicKey)),
    ],
  });
  const chain = `${leaf.toString('pem')}\n${issuer.certificate.toString('pem')}\n`;
  await writeWhole(paths.key, await pemOfKey(keys.privateKey), 0o600);
  await writeWhole(paths.certificate, chain, 0o644);
  return paths;
}

async function authority(certificatePath: string, keyPath: string): Promise<Issuer> {
  const known = await readAuthority(certificatePath, keyPath);
  if (known !== null) return known;
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=Denwaban local authority ${serialNumber().slice(0, 8)}`,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + AUTHORITY_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys: forX509(keys),

    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(forX509(keys.publicKey)),
    ],
  });
  await writeWhole(keyPath, await pemOfKey(keys.privateKey), 0o600);
  await writeWhole(certificatePath, `${certificate.toString('pem')}\n`, 0o644);
  return { certificate, key: keys.privateKey };
}

/** Node's keys are the browser's keys, but their types were written twice. */
function forX509(nodes: object): never {
  return nodes as never;
}

/** The authority made before, while it is good for longer than a new certificate. */
async function readAuthority(certificatePath: string, keyPath: string): Promise<Issuer | null> {
  try {
    const certificate = new x509.X509Certificate(await readFile(certificatePath, 'utf8'));
    if (certificate.notAfter.getTime() < Date.now() + LEAF_DAYS * DAY_MS) return null;
    const der = x509.PemConverter.decodeFirst(await readFile(keyPath, 'utf8'));
    const key = await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']);
    return { certificate, key };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new AppError(
      'cli.authority-unreadable',
      `The authority in ${certificatePath} cannot be used. Move it away to have a new one made.`,
      { cause: error },
    );
  }
}

function assertName(name: string): void {
  const host = /^(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]{1,63}$/i;
  if (isIP(name) !== 0 || host.test(name)) return;
  throw new AppError(
    'cli.usage',
    `"${name}" is neither a host name nor an address: certificate denwaban.local 192.168.1.20`,
  );
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

async function pemOfKey(key: CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}

async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  await writeFile(`${path}.new`, text, { mode });
  await rename(`${path}.new`, path);
}

/** How to use it and how each device learns to trust it. */
export async function sayCertificate(
  names: readonly string[],
  paths: { authority: string; certificate: string; key: string },
  port: number,
  terminal: Terminal,
): Promise<void> {
  const { fingerprint256, validTo } = new NodeCertificate(await readFile(paths.authority));
  const url = `https://${names[0] ?? ''}:${port}`;
  const lines = [
    `A certificate for ${names.join(', ')} is made.`,
    '',
    'Set these and start Denwaban again (it reads a renewed certificate by itself):',
    `  DENWABAN_TLS_CERT=${paths.certificate}`,
    `  DENWABAN_TLS_KEY=${paths.key}`,
    `  DENWABAN_PUBLIC_URL=${url}`,
    '',
    'Then tell each device once to trust this authority (good until ' + validTo + '):',
    `  ${paths.authority}`,
    `  SHA-256 ${fingerprint256}`,
    '',
    '  Windows  copy it over as authority.crt, double-click, "Install Certificate", Local Machine,',
    '           "Trusted Root Certification Authorities". Or as administrator:',
    '           certutil -addstore -f Root authority.crt',
    '  macOS    sudo security add-trusted-cert -d -r trustRoot \\',
    '             -k /Library/Keychains/System.keychain authority.pem',
    '  iOS      send it to the device (AirDrop, mail), Settings > Profile Downloaded > Install, then',
    '           Settings > General > About > Certificate Trust Settings: switch it on.',
    '  Android  Settings > Security > Encryption & credentials > Install a certificate > CA.',
    '  Linux    sudo cp authority.pem /usr/local/share/ca-certificates/denwaban.crt',
    '           sudo update-ca-certificates',
    '           Chrome and Chromium have a list of their own:',
    '           certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n denwaban -i authority.pem',
    '  Firefox  Settings > Privacy & Security > Certificates > View > Authorities > Import.',
    '',
    'Keep authority-key.pem to yourself: whoever has it can pose as any site to these devices.',
  ];
  for (const line of lines) terminal.out(line);
}
