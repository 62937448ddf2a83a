import { z } from 'zod';
import { setting } from './setting.ts';

/** What one query may bill unless the installation says otherwise: many times the largest statement over five seasons. */
const DEFAULT_QUERY_BYTES = 20_000_000_000;

/** What one run of the canaries may read unless the installation says otherwise. */
const DEFAULT_CANARY_BYTES = 20_000_000_000;
/** What one backfill may read unless the installation says otherwise: many times five seasons. */
const DEFAULT_BACKFILL_BYTES = 100_000_000_000;

const hostAndPort = z.string().regex(/^[^\s/:]+:\d+$/, 'expected host:port');

/** The variables of the profile `gcp`. */
export const GCP_SETTINGS = {
  TIPOFF_GCP_PROJECT: setting(
    z
      .string()
      .regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'expected a project id')
      .optional(),
    'Project of BigQuery, Firestore, Pub/Sub and Cloud Storage. One project is one installation; profile `gcp` needs it.',
  ),
  TIPOFF_GCP_LOCATION: setting(z.string().default('US'), 'Where the datasets lie and the jobs of BigQuery run.'),
  TIPOFF_GCP_BUCKET: setting(
    z.string().optional(),
    'Bucket of Cloud Storage for exports (folder `exports`) and models (folder `models`); profile `gcp` needs it.',
  ),
  TIPOFF_GCP_EXPORTS_URL: setting(z.url().optional(), 'Address under which the folder `exports` is served; `gs://…` when absent.'),
  TIPOFF_GCP_FIRESTORE_DATABASE: setting(z.string().default('(default)'), 'Database of Firestore for batches, leases and incidents.'),
  TIPOFF_GCP_TOPIC_PREFIX: setting(
    z.string().default('tipoff-'),
    'Stands before the names of topics and of the subscriptions that workers pull from.',
  ),
  TIPOFF_GCP_QUERY_BYTES: setting(
    z.coerce.number().int().min(10_485_760).default(DEFAULT_QUERY_BYTES),
    'Bytes one query may bill; BigQuery refuses a larger one before it starts.',
  ),
  TIPOFF_GCP_CANARY_BYTES: setting(
    z.coerce.number().int().min(0).default(DEFAULT_CANARY_BYTES),
    'Bytes that one run of the canaries may read; a check that would go beyond is ERROR, and is not asked.',
  ),
  TIPOFF_GCP_BACKFILL_BYTES: setting(
    z.coerce.number().int().min(0).default(DEFAULT_BACKFILL_BYTES),
    'Bytes that one backfill may read; it stops before the step that would go beyond, and can be resumed.',
  ),
  TIPOFF_GCP_QUERY_RETRIES: setting(
    z.coerce.number().int().min(0).max(20).default(5),
    'Tries after the first that one operation on BigQuery may make.',
  ),
  TIPOFF_GCP_BIGQUERY_URL: setting(z.url().optional(), 'An emulator of BigQuery in the place of the real one.'),
  TIPOFF_GCP_STORAGE_URL: setting(z.url().optional(), 'A server that speaks for Cloud Storage in the place of the real one.'),
  TIPOFF_GCP_FIRESTORE_EMULATOR: setting(hostAndPort.optional(), 'An emulator of Firestore, as `host:port`.'),
  TIPOFF_GCP_PUBSUB_EMULATOR: setting(
    hostAndPort.optional(),
    'An emulator of Pub/Sub, as `host:port`; there, missing topics are made on first use.',
  ),
};

/** Where an installation on Google Cloud keeps its data. */
export interface GcpConfig {
  readonly project: string;
  readonly location: string;
  readonly bucket: string;
  readonly exportsUrl?: string;
  readonly firestoreDatabase: string;
  readonly topicPrefix: string;
  /** Bytes that one query may bill. */
  readonly queryBytes: number;
  /** Bytes that one run of the canaries may read. */
  readonly canaryBytes: number;
  /** Bytes that one backfill may read. */
  readonly backfillBytes: number;
  /** Tries after the first of one operation on BigQuery. */
  readonly queryRetries: number;
  /** Emulators in the place of the real services; each may be absent. */
  readonly emulators: {
    readonly bigquery?: string;
    readonly storage?: string;
    readonly firestore?: string;
    readonly pubsub?: string;
  };
}

const gcpSettings = z.object(GCP_SETTINGS);

/** The configuration of Google Cloud from checked variables, or the names of those that are missing. */
export function gcpConfig(data: z.infer<typeof gcpSettings>): GcpConfig | { readonly missing: readonly string[] } {
  const { TIPOFF_GCP_PROJECT: project, TIPOFF_GCP_BUCKET: bucket } = data;
  if (project === undefined || bucket === undefined) {
    return { missing: [...(project === undefined ? ['TIPOFF_GCP_PROJECT'] : []), ...(bucket === undefined ? ['TIPOFF_GCP_BUCKET'] : [])] };
  }
  return {
    project,
    bucket,
    location: data.TIPOFF_GCP_LOCATION,
    ...(data.TIPOFF_GCP_EXPORTS_URL === undefined ? {} : { exportsUrl: data.TIPOFF_GCP_EXPORTS_URL }),
    firestoreDatabase: data.TIPOFF_GCP_FIRESTORE_DATABASE,
    topicPrefix: data.TIPOFF_GCP_TOPIC_PREFIX,
    queryBytes: data.TIPOFF_GCP_QUERY_BYTES,
    canaryBytes: data.TIPOFF_GCP_CANARY_BYTES,
    backfillBytes: data.TIPOFF_GCP_BACKFILL_BYTES,
    queryRetries: data.TIPOFF_GCP_QUERY_RETRIES,
    emulators: {
      ...(data.TIPOFF_GCP_BIGQUERY_URL === undefined ? {} : { bigquery: data.TIPOFF_GCP_BIGQUERY_URL }),
      ...(data.TIPOFF_GCP_STORAGE_URL === undefined ? {} : { storage: data.TIPOFF_GCP_STORAGE_URL }),
      ...(data.TIPOFF_GCP_FIRESTORE_EMULATOR === undefined ? {} : { firestore: data.TIPOFF_GCP_FIRESTORE_EMULATOR }),
      ...(data.TIPOFF_GCP_PUBSUB_EMULATOR === undefined ? {} : { pubsub: data.TIPOFF_GCP_PUBSUB_EMULATOR }),
    },
  };
}
