import type { IncomingHttpHeaders } from 'node:http';
import type { File } from '@google-cloud/storage';
import type { StoredObject } from '#platform/objects/port.ts';
import { isMissingObject } from './errors.ts';

const UNKNOWN_TYPE = 'application/octet-stream';

/**
 * The bytes of an object with the generation and content type that belong to them: all three come from one answer, so a
 * write in between cannot mix them. Undefined when there is none. The client compares the bytes with their checksum.
 */
export async function readObject(file: File): Promise<Omit<StoredObject, 'path'> | undefined> {
  let headers: IncomingHttpHeaders = {};
  const stream = file.createReadStream({ validation: 'crc32c' });
  stream.on('response', (response: { headers: IncomingHttpHeaders }) => {
    headers = response.headers;
  });
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  } catch (error) {
    if (isMissingObject(error)) return undefined;
    throw error;
  }
  return {
    bytes: Buffer.concat(chunks),
    etag: String(headers['x-goog-generation'] ?? ''),
    contentType: headers['content-type'] ?? UNKNOWN_TYPE,
  };
}
