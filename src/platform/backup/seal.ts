import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  scryptSync,
} from 'node:crypto';
import { TipoffError } from '#core/errors.ts';

/** Characters a key must have: `openssl rand -base64 32` gives 44. */
const MIN_KEY_CHARACTERS = 20;

const MAGIC = Buffer.from('TIPOFF1');
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MODES = { plain: 0, sealed: 1 } as const;

/** Encrypts and decrypts the bytes of a back-up. Their path is authenticated too: bytes moved to another path do not decrypt. */
export interface Seal {
  readonly mode: keyof typeof MODES;
  close(bytes: Uint8Array, place: string): Uint8Array;
  /** Throws TIPOFF_INTEGRITY for another key, damaged or truncated bytes. */
  open(bytes: Uint8Array, place: string): Uint8Array;
  /** A name for content: the same for equal content, and meaningless without the key. */
  nameOf(bytes: Uint8Array): string;
}

/** Keys by the digest of their secret: stretching one takes a quarter of a second of processor time, on purpose. */
const stretchedKeys = new Map<string, Buffer>();

function stretched(secret: string): Buffer {
  const name = sha256(Buffer.from(secret)).toString('hex');
  const key = stretchedKeys.get(name) ?? scryptSync(secret, 'tipoff back-up', 64);
  stretchedKeys.set(name, key);
  return key;
}

/** AES-256-GCM under a key stretched from a secret text by scrypt. */
export function sealedWith(secret: string): Seal {
  if (secret.length < MIN_KEY_CHARACTERS) {
    throw new TipoffError(
      'TIPOFF_BAD_INPUT',
      `TIPOFF_BACKUP_KEY: expected ${MIN_KEY_CHARACTERS} characters or more, saw ${secret.length}`,
      { hint: 'Make one with `openssl rand -base64 32`, and keep a copy outside of GitHub.' },
    );
  }
  const key = stretched(secret);
  const [cipherKey, nameKey] = [key.subarray(0, 32), key.subarray(32)];
  return {
    mode: 'sealed',
    close: (bytes, place) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', cipherKey, nonce).setAAD(Buffer.from(place));
      return Buffer.concat([
        MAGIC,
        Buffer.from([MODES.sealed]),
        nonce,
        cipher.update(bytes),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
    },
    open: (bytes, place) => {
      const rest = body(bytes, place, 'sealed');
      if (rest.length < NONCE_BYTES + TAG_BYTES) throw damaged(place, `${bytes.length} bytes, too few`);
      const decipher = createDecipheriv('aes-256-gcm', cipherKey, rest.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(place))
        .setAuthTag(rest.subarray(-TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(rest.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      } catch (error) {
        throw damaged(place, 'bytes that this key does not open: another key, or damage', error);
      }
    },
    nameOf: (bytes) => createHmac('sha256', nameKey).update(bytes).digest('hex').slice(0, 40),
  };
}

/** No encryption: the same header, with a hash, before the plain bytes. */
export const PLAIN: Seal = {
  mode: 'plain',
  close: (bytes) => Buffer.concat([MAGIC, Buffer.from([MODES.plain]), sha256(bytes), bytes]),
  open: (bytes, place) => {
    const rest = body(bytes, place, 'plain');
    const content = rest.subarray(32);
    if (!sha256(content).equals(rest.subarray(0, 32)))
      throw damaged(place, 'bytes that differ from their hash');
    return content;
  },
  nameOf: (bytes) => sha256(bytes).toString('hex').slice(0, 40),
};

function body(bytes: Uint8Array, place: string, mode: keyof typeof MODES): Buffer {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isOurs = all.subarray(0, MAGIC.length).equals(MAGIC);
  const seen = all[MAGIC.length];
  if (!isOurs || seen === undefined)
    throw damaged(place, 'bytes that are no back-up of Tipoff, or the start of one');
  if (seen === MODES[mode]) return all.subarray(MAGIC.length + 1);
  throw new TipoffError(
    'TIPOFF_INTEGRITY',
    `${place}: expected ${mode === 'sealed' ? 'an encrypted' : 'a plain'} back-up, saw ${seen === MODES.plain ? 'a plain one' : 'an encrypted one'}`,
    {
      hint:
        mode === 'sealed'
          ? 'With a key only encrypted back-ups are trusted. If you made a plain one yourself, say --plain.'
          : 'Set TIPOFF_BACKUP_KEY to the key it was made with.',
      details: { place },
    },
  );
}

function damaged(place: string, seen: string, cause?: unknown): TipoffError {
  return new TipoffError('TIPOFF_INTEGRITY', `${place}: expected a whole back-up, saw ${seen}`, {
    hint: 'Check TIPOFF_BACKUP_KEY; if it is right, use the generation before: `tipoff backup list`.',
    details: { place },
    cause,
  });
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
