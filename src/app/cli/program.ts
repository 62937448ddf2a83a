import { Command } from 'commander';
import type { CliHost } from './context.ts';
import { addBackfillVerbs } from './verbs/backfill.ts';
import { addBatchVerbs } from './verbs/batch.ts';
import { addCanaryVerbs } from './verbs/canary.ts';
import { addDayVerbs } from './verbs/day.ts';
import { addDemoVerb } from './verbs/demo.ts';
import { addDrillVerbs } from './verbs/drill.ts';
import { addFetchVerb } from './verbs/fetch.ts';
import { addIncidentVerbs } from './verbs/incidents.ts';
import { addIngestVerb } from './verbs/ingest.ts';
import { addModelVerbs } from './verbs/models.ts';
import { addPublishVerbs } from './verbs/publish.ts';
import { addQualityVerb } from './verbs/quality.ts';
import { addSchemaVerbs } from './verbs/schema.ts';
import { addServeVerb } from './verbs/serve.ts';
import { addStagingVerbs } from './verbs/staging.ts';
import { addStatusVerb } from './verbs/status.ts';

/** The command line, verb by verb. Nothing heavy is loaded before a verb runs. */
export function program(host: CliHost): Command {
  const root = new Command('tipoff')
    .description('NBA player prop predictions before tip-off, by a pipeline that guards itself.')
    .option('--home <dir>', 'folder of the embedded home (default: TIPOFF_HOME or .tipoff)')
    .option('--json', 'print the result as one JSON document')
    .option('--at <instant>', 'run as if it were this instant, for example 2025-01-10T17:00:00Z')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('Run with --help for the verbs and their options.')
    .exitOverride()
    .configureOutput({ writeOut: host.streams.out, writeErr: host.streams.err });
  for (const add of [
    addDemoVerb,
    addIngestVerb,
    addFetchVerb,
    addDayVerbs,
    addBackfillVerbs,
    addBatchVerbs,
    addCanaryVerbs,
    addDrillVerbs,
    addIncidentVerbs,
    addStatusVerb,
    addPublishVerbs,
    addModelVerbs,
    addQualityVerb,
    addSchemaVerbs,
    addServeVerb,
    addStagingVerbs,
  ])
    add(root, host);
  return root;
}
