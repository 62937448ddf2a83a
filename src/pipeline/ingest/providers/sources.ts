import { type ProviderRequest, providerRequests } from '#core/contracts/nba_orchestration.ts';
import { type ErrorCode, TipoffError } from '#core/errors.ts';
import { count } from '#core/format.ts';
import {
  FOREIGN_REASONS,
  formatOf,
  type InputFile,
  type InputFormat,
  type ParsedFile,
  SCREENING_REASONS,
} from '#pipeline/ingest/format.ts';
import { idOf } from '#pipeline/ingest/rows.ts';
import type { Clock } from '#platform/clock.ts';
import type { Warehouse } from '#platform/warehouse/port.ts';
import { UnchangedAnswer } from './http.ts';
import type { Exchange, WatchedHttp } from './watched-http.ts';

/** Receives one answer or its failure. Returns true when it is valid or unchanged; after a false a source makes no further requests. */
type TakeAnswer = (answer: Promise<InputFile>) => Promise<boolean>;

/** A provider of one subject, such as box scores or injury reports. */
export interface Source {
  /** For people: NBA.com, ESPN. */
  readonly provider: string;
  /** Formats of its answers. An answer in another one, or one that does not read, is a failure of the source. */
  readonly formats: readonly string[];
  /** True when there is always something to say: an answer without a record is then a failure of the source. */
  readonly isNeverEmpty?: boolean;
  /** Fetches, and passes every answer to `take`, failures included. */
  fetch(take: TakeAnswer): Promise<unknown>;
}

type SourceOutcome = 'fetched' | 'unchanged' | 'absent' | 'refused' | 'failed';

export interface SourceFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** The result of asking one source. */
export interface SourceAttempt {
  readonly subject: string;
  readonly provider: string;
  readonly outcome: SourceOutcome;
  /** Number of valid answers, unchanged ones included. */
  readonly answers: number;
  /** The first failure; the other answers are loaded regardless. */
  readonly failure?: SourceFailure;
}

/** The result of asking the sources of a subject. */
export interface SubjectResult {
  readonly subject: string;
  /** The provider that answered completely; null when none did. */
  readonly provider: string | null;
  /** Valid answers of all sources that were asked. */
  readonly files: readonly InputFile[];
  readonly attempts: readonly SourceAttempt[];
  readonly receipts: readonly ProviderRequest[];
}

export interface AskOptions {
  readonly watched: WatchedHttp;
  readonly clock: Clock;
  readonly formats: readonly InputFormat[];
}

/**
 * Asks the sources of a subject in order until one answers completely. An answer that is truncated, damaged, in another format,
 * or has half of its records damaged is a failure of its source, and the next source is asked too. An unchanged answer counts as
 * complete. Valid answers are kept whatever else failed. Never throws a TipoffError: failures are described in `attempts`.
 */
export async function askInOrder(
  subject: string,
  sources: readonly Source[],
  options: AskOptions,
): Promise<SubjectResult> {
  const asked = {
    files: [] as InputFile[],
    attempts: [] as SourceAttempt[],
    receipts: [] as ProviderRequest[],
  };
  for (const source of sources) {
    const { attempt, files, receipts } = await askOne(subject, source, options);
    asked.files.push(...files);
    asked.attempts.push(attempt);
    asked.receipts.push(...receipts);
    if (attempt.failure === undefined) return { subject, provider: source.provider, ...asked };
  }
  return { subject, provider: null, ...asked };
}

async function askOne(subject: string, source: Source, { watched, clock, formats }: AskOptions) {
  const { provider } = source;
  const files: InputFile[] = [];
  const receipts: ProviderRequest[] = [];
  let unchanged = 0;
  let first: TipoffError | undefined;
  watched.take();
  await source.fetch(async (answer) => {
    const taken = await takeOne(source, answer, formats);
    const at = clock.now().toISOString();
    receipts.push(
      ...receiptsOf({ subject, provider }, watched.take(), 'error' in taken ? taken.error : undefined, at),
    );
    if ('error' in taken) first ??= taken.error;
    else if ('file' in taken) files.push({ ...taken.file, fetchedAt: at });
    else unchanged += 1;
    return !('error' in taken);
  });
  const answers = files.length + unchanged;
  const outcome = first === undefined ? (files.length > 0 ? 'fetched' : 'unchanged') : outcomeOf(first);
  const attempt: SourceAttempt = {
    subject,
    provider,
    outcome,
    answers,
    ...(first === undefined ? {} : { failure: failureOf(first) }),
  };
  return { attempt, files, receipts };
}

type Taken = { readonly file: InputFile } | { readonly unchanged: true } | { readonly error: TipoffError };

async function takeOne(
  source: Source,
  answer: Promise<InputFile>,
  formats: readonly InputFormat[],
): Promise<Taken> {
  try {
    const file = await answer;
    await checkReads(source, file, formats);
    return { file };
  } catch (error) {
    if (error instanceof UnchangedAnswer) return { unchanged: true };
    if (error instanceof TipoffError) return { error };
    throw error;
  }
}

async function checkReads(
  { provider, formats: expected, isNeverEmpty = false }: Source,
  file: InputFile,
  formats: readonly InputFormat[],
): Promise<void> {
  let seen: string;
  try {
    const format = formatOf(file, formats);
    const damage = expected.includes(format.id)
      ? damageOf(await format.parse(file), isNeverEmpty)
      : format.id;
    if (damage === undefined) return;
    seen = damage;
  } catch (error) {
    if (!(error instanceof TipoffError)) throw error;
    seen = error.message;
  }
  throw new TipoffError(
    'TIPOFF_PROVIDER',
    `${provider}: expected an answer as ${expected.join(' or ')}, saw ${seen}`,
    {
      hint: 'The answer was cut or damaged, or the provider has changed it: compare it with what the format reads.',
      details: { provider, file: file.path },
    },
  );
}

/** Share of damaged records from which on the format of the answer must have changed. */
const MAX_DAMAGED = 0.5;

/** What is wrong with an answer that is empty and must not be, or whose records are mostly damaged; undefined for a valid one. */
function damageOf({ read, rejected }: ParsedFile, isNeverEmpty: boolean): string | undefined {
  if (isNeverEmpty && read === 0) return 'no record';
  const damaged = rejected.filter(
    ({ reasonCode }) => !SCREENING_REASONS.has(reasonCode) && !FOREIGN_REASONS.has(reasonCode),
  );
  const [first] = damaged;
  if (first === undefined || damaged.length / read < MAX_DAMAGED) return undefined;
  return `${damaged.length} of ${count(read, 'record')} damaged, the first in ${first.field}: ${first.reason}`;
}

/**
 * Stores the receipts of requests. Call it after the answers have been loaded: receipts make later requests conditional, and an
 * answer that was not loaded must be fetched again.
 */
export async function storeReceipts(
  warehouse: Pick<Warehouse, 'appendNew'>,
  asked: readonly SubjectResult[],
): Promise<void> {
  await warehouse.appendNew(
    providerRequests,
    asked.flatMap(({ receipts }) => receipts),
  );
}

/** The error of a source as part of a report. */
export function failureOf({ code, message, hint }: TipoffError): SourceFailure {
  return { code, message, hint };
}

function outcomeOf({ code, details }: TipoffError): SourceOutcome {
  if (code === 'TIPOFF_NOT_FOUND') return 'absent';
  return outcomeOfStatus(typeof details['status'] === 'number' ? details['status'] : 0);
}

function outcomeOfStatus(status: number): SourceOutcome {
  if (status === 404) return 'absent';
  return status === 401 || status === 403 || status === 429 ? 'refused' : 'failed';
}

type Asker = Pick<ProviderRequest, 'subject' | 'provider'>;

/** One receipt per answer, one without an address when none came. Only sound answers make the next request conditional. */
function receiptsOf(
  asker: Asker,
  exchanges: readonly Exchange[],
  error: TipoffError | undefined,
  now: string,
): ProviderRequest[] {
  const detail = error?.message ?? null;
  if (exchanges.length === 0) {
    const outcome = error === undefined ? 'fetched' : outcomeOf(error);
    const nothing = {
      address: null,
      status: null,
      bytes: null,
      content_hash: null,
      etag: null,
      last_modified: null,
    };
    return [
      {
        ...asker,
        ...nothing,
        detail,
        outcome,
        requested_at: now,
        request_id: idOf(asker.subject, asker.provider, null, now, detail),
      },
    ];
  }
  return exchanges.map((exchange, index) => {
    const outcome = exchangeOutcome(exchange.status, error);
    const isSound = outcome === 'fetched';
    return {
      ...asker,
      request_id: idOf(asker.subject, asker.provider, exchange.address, exchange.answeredAt, outcome, index),
      requested_at: exchange.answeredAt,
      address: exchange.address,
      outcome,
      status: exchange.status,
      detail: isSound || outcome === 'unchanged' ? null : detail,
      bytes: exchange.bytes,
      content_hash: exchange.contentHash,
      etag: isSound ? exchange.etag : null,
      last_modified: isSound ? exchange.lastModified : null,
    };
  });
}

/** A refusal on the way to an answer, or among many of them, was a name under which there is nothing. */
function exchangeOutcome(status: number, error: TipoffError | undefined): SourceOutcome {
  if (status === 304) return 'unchanged';
  if (status === 200)
    return error === undefined || error.details['status'] !== undefined ? 'fetched' : 'failed';
  const own = outcomeOfStatus(status);
  return own === 'refused' && (error === undefined || error.code === 'TIPOFF_NOT_FOUND') ? 'absent' : own;
}
