/** A field of a message of protocol buffers: its number, and its value as bytes or number. */
export interface WireField {
  readonly field: number;
  readonly bytes: Buffer;
  readonly number: number;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** The fields of a message, in their order. Enough to see what a request names, without its definition. */
export function fieldsOf(message: Buffer): WireField[] {
  const found: WireField[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const [field, kind] = [Math.floor(tag / 8), tag % 8];
    if (kind === VARINT) found.push({ field, bytes: Buffer.alloc(0), number: varint() });
    else {
      const size = kind === BYTES ? varint() : kind === FIXED64 ? 8 : kind === FIXED32 ? 4 : message.length;
      found.push({ field, bytes: message.subarray(at, at + size), number: 0 });
      at += size;
    }
  }
  return found;
}

/** The messages of a body of gRPC: each has a mark and its length before it. */
export function messagesOf(body: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 5 <= body.length; ) {
    const size = body.readUInt32BE(at + 1);
    found.push(body.subarray(at + 5, at + 5 + size));
    at += 5 + size;
  }
  return found;
}

/** The text of the first field with a number; empty when there is none. */
export function textField(message: Buffer, field: number): string {
  return (
    fieldsOf(message)
      .find((one) => one.field === field)
      ?.bytes.toString() ?? ''
  );
}
