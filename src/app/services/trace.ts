import { randomBytes, randomUUID } from 'node:crypto';

/** What ties the lines of one request together, from the caller over the coordinator to the workers. */
export interface Trace {
  /** The caller's own name for the request, or a new one; it goes back in X-Request-Id. */
  readonly requestId: string;
  /** 32 hex digits, as traceparent and Cloud Trace have them. */
  readonly traceId: string;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,100}$/;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;
const CLOUD_TRACE = /^([0-9a-f]{32})(?:\/|;|$)/i;
/** A trace id of zeros says that there is none. */
const NO_TRACE = '0'.repeat(32);

/** Reads X-Request-Id, traceparent and X-Cloud-Trace-Context; what is absent, or is none, is made anew. */
export function traceOf(header: (name: string) => string | undefined): Trace {
  const requestId = header('x-request-id');
  const given = TRACEPARENT.exec(header('traceparent') ?? '')?.[1] ?? CLOUD_TRACE.exec(header('x-cloud-trace-context') ?? '')?.[1];
  const isTrace = given !== undefined && given !== NO_TRACE;
  return {
    requestId: requestId !== undefined && REQUEST_ID.test(requestId) ? requestId : randomUUID(),
    traceId: isTrace ? given.toLowerCase() : randomBytes(16).toString('hex'),
  };
}
