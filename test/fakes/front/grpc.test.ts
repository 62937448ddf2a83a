import { describe, expect, it } from 'vitest';
import { judgeFirestore, judgePubSub } from './grpc.ts';
import { LIMITS } from './limits.ts';
import { provisioned } from './provisioned.ts';

const made = provisioned('tipoff-limits');
/** A field of a message: its number, its length, its content. */
const field = (number: number, content: Buffer | string): Buffer => {
  const bytes = Buffer.from(content);
  const size: number[] = [];
  for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
    size.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) break;
  }
  return Buffer.concat([Buffer.from([8 * number + 2, ...size]), bytes]);
};

describe('the limits that Pub/Sub and Firestore state', () => {
  const limits = { ...LIMITS, publishMessages: 2, acknowledgeBytes: 100, indexEntries: 20 };
  const asked = (method: string, on: string, ...more: Buffer[]): string | undefined =>
    judgePubSub(
      made,
      limits,
      'pipeline',
      method,
      Buffer.concat([field(1, `projects/tipoff-limits/${on}/tipoff-predict-units`), ...more]),
    )?.message;

  it('hold for messages of one request', () => {
    expect(asked('Publish', 'topics', field(2, 'a'), field(2, 'b'))).toBeUndefined();
    expect(asked('Publish', 'topics', field(2, 'a'), field(2, 'b'), field(2, 'c'))).toContain(
      'message_count',
    );
  });

  it('hold for what is acknowledged, and how long it is kept back', () => {
    expect(asked('Acknowledge', 'subscriptions', field(2, 'a'))).toBeUndefined();
    expect(asked('Acknowledge', 'subscriptions', field(2, 'a'.repeat(90)))).toContain('request_size');
    expect(asked('ModifyAckDeadline', 'subscriptions', Buffer.from([24, 0xd8, 0x04]))).toBeUndefined();
    expect(asked('ModifyAckDeadline', 'subscriptions', Buffer.from([24, 0xd9, 0x04]))).toContain(
      'passed 601',
    );
  });

  it('hold for the entries of a document in indexes', () => {
    const whole = Buffer.from([16, 1]);
    const committed = (...values: Buffer[]): string | undefined => {
      const fields = values.map((value, i) => field(2, Buffer.concat([field(1, `f${i}`), field(2, value)])));
      const document = Buffer.concat([field(1, 'name'), ...fields]);
      const request = [field(1, 'projects/tipoff-limits/databases/(default)'), field(2, field(1, document))];
      return judgeFirestore(made, limits, 'pipeline', 'Commit', Buffer.concat(request))?.message;
    };
    const list = (n: number): Buffer => field(9, Buffer.concat(Array<Buffer>(n).fill(field(1, whole))));
    expect(committed(...Array<Buffer>(10).fill(whole))).toBeUndefined();
    expect(committed(...Array<Buffer>(11).fill(whole))).toContain('too many index entries for entity: 22');
    expect(committed(list(18))).toBeUndefined();
    expect(committed(list(19))).toContain('too many index entries');
  });
});
