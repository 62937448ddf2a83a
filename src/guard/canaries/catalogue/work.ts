import { modelRegistry } from '#core/contracts/nba_predictions.ts';
import {
  type Canary,
  type CanaryContext,
  type CheckedThing,
  defineCanary,
  MADE_BY_THE_DAY,
  type Moment,
} from '#guard/canaries/definition.ts';
import { COLLECTIONS, listBatches, readUnits, unitKey } from '#pipeline/batch/state.ts';
import { type StartReceipt, WORK_COLLECTION } from '#pipeline/work.ts';

async function unendedWork({ state }: CanaryContext, { asOf }: Moment): Promise<CheckedThing[]> {
  const receipts = await state.list<StartReceipt>(WORK_COLLECTION);
  return receipts
    .filter(({ data }) => Date.parse(data.started_at) <= asOf.getTime())
    .map(({ id, data: { started_at, lease_until } }) => {
      const isOver = Date.parse(lease_until) < asOf.getTime();
      return {
        subject: id,
        is_bad: isOver,
        note: isOver
          ? `began at ${started_at} and never ended: stopped by death`
          : `under way since ${started_at}`,
      };
    });
}

const workDied = defineCanary({
  id: 'work_died',
  phase: 'operations',
  question: 'Did a day, a fetch, an export or a run of the checks die on its way?',
  expected: 'an end within its lease of everything that began',
  finding: '{n:piece of work|pieces of work} died on the way',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'platform',
  repair: 'tipoff day {slate}',
  dependsOn: [],
  explains: [{ phases: MADE_BY_THE_DAY, when: /^day / }],
  whenEmpty: { pass: 'everything that began has ended' },
  look: { probe: unendedWork },
  sabotage: {
    act: async ({ state }, { asOf, slate }) => {
      const at = (minutes: number): string => new Date(asOf.getTime() + minutes * 60_000).toISOString();
      const receipt: StartReceipt = {
        work: 'day',
        about: slate,
        started_at: at(-180),
        lease_until: at(-120),
      };
      const key = `day ${slate} of a proof`;
      await state.transaction(async (tx) => tx.put(WORK_COLLECTION, key, receipt));
      return () => state.transaction(async (tx) => tx.delete(WORK_COLLECTION, key));
    },
  },
  meaning:
    'A process was killed, lost its machine or hangs: its start receipt is still there and its lease is over. What it had not done yet is not done. A backfill that dies is named by ledger_failed, and where a job of GitHub dies with its home the watchdog says so.',
  steps: [
    'The offender says what it was about. The log of the job at that time: out of memory, a limit of time, a restart?',
    'Run the same command again: whatever was half done is resumed or done again, and its end clears the receipt.',
    'Does it die again? Then look at memory and time of the machine before the next slate.',
  ],
});

/** Hours for which a parked message is news. */
const PARKED_HOURS = 24;

async function parkedMessages({ queue }: CanaryContext, { asOf }: Moment): Promise<CheckedThing[]> {
  const parked = await queue.parked();
  return parked
    .filter(({ parkedAt }) => {
      const hours = (asOf.getTime() - Date.parse(parkedAt)) / 3_600_000;
      return hours >= 0 && hours <= PARKED_HOURS;
    })
    .map(({ id, topic, attempts, reason }) => ({
      subject: `${topic} ${id}`,
      is_bad: true,
      note: `after ${attempts} deliveries: ${reason}`,
    }));
}

const messagesParked = defineCanary({
  id: 'messages_parked',
  phase: 'operations',
  question: 'Were messages of the last day given up?',
  expected: 'no message put aside after its last delivery within a day',
  finding: '{n:message was|messages were} given up in the last 24 hours',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'warning' }],
  owner: 'platform',
  repair: 'tipoff batch list',
  dependsOn: [],
  whenEmpty: { pass: 'no message was given up in the last 24 hours' },
  look: { probe: parkedMessages },
  sabotage: {
    act: async (context, { asOf }) => {
      const before = context.queue;
      const message = {
        id: '1',
        topic: 'prediction-request',
        body: {},
        attempts: 5,
        reason: 'TIPOFF_SQL: no such column',
        parkedAt: new Date(asOf.getTime() - 60_000).toISOString(),
      };
      context.queue = { parked: async () => [message] };
      return async () => {
        context.queue = before;
      };
    },
  },
  meaning:
    'A unit of work was delivered again and again and never finished. Its players have no forecast, whatever the batch says.',
  steps: [
    'The offender gives the reason of the last delivery.',
    'tipoff batch list, then tipoff batch show <batch>: which players were in the unit?',
    'Repair the cause, then tipoff predict <slate> --mode RETRY takes up who is missing.',
  ],
});

/** Minutes in which a worker takes its first unit, with the time that a stopped one needs to start. */
const WAKING_MINUTES = 3;

/** The newest batch that handed out units, with enough time for a worker to take one; wrong when nobody took any. */
async function untakenUnits({ state }: CanaryContext, { asOf }: Moment): Promise<CheckedThing[]> {
  const latest = asOf.getTime() - WAKING_MINUTES * 60_000;
  const batch = (await listBatches(state))
    .filter(({ units, created_at }) => units > 0 && Date.parse(created_at) <= latest)
    .at(-1);
  if (batch === undefined) return [];
  const handedOut = (await readUnits(state, batch.batch_id)).filter(({ dispatched }) => dispatched > 0);
  const taken = handedOut.filter(({ claim }) => claim > 0).length;
  return [
    {
      subject: batch.batch_id,
      is_bad: handedOut.length > 0 && taken === 0,
      note: `${taken} of ${handedOut.length} units of ${batch.slate} taken since ${batch.created_at}`,
    },
  ];
}

const unitsTaken = defineCanary({
  id: 'units_taken',
  phase: 'predict',
  question: 'Does any worker take what the coordinator hands out?',
  expected: `a unit of the newest batch taken by a worker within ${WAKING_MINUTES} minutes`,
  finding: 'no worker took anything of the newest batch: {note}',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'platform',
  repair: 'tipoff batch reset --slate {slate} --reason no-workers; then tipoff predict {slate} --mode RETRY',
  dependsOn: [],
  whenEmpty: { skip: 'no batch has handed out units' },
  look: { probe: untakenUnits },
  sabotage: {
    act: async ({ state }, { asOf }) => {
      const batch = (await listBatches(state))
        .filter(({ units, created_at }) => units > 0 && Date.parse(created_at) <= asOf.getTime())
        .at(-1);
      const units = batch === undefined ? [] : await readUnits(state, batch.batch_id);
      const put = (claim: (unit: (typeof units)[number]) => number): Promise<void> =>
        state.transaction(async (tx) => {
          for (const unit of units)
            tx.put(COLLECTIONS.units, unitKey(unit.batch_id, unit.unit_id), { ...unit, claim: claim(unit) });
        });
      await put(() => 0);
      return () => put(({ claim }) => claim);
    },
  },
  meaning:
    'The coordinator starts batches and nobody works: the workers are not deployed, cannot start, or do not get the messages. Every batch ends without one forecast until that is repaired.',
  steps: [
    '`tipoff predict <slate> --mode RETRY` needs no other process: it brings the forecasts of the slate now.',
    'Services: is there a revision of the worker that is ready? Its log shows why it does not start.',
    'Does the subscription of the prediction units push to the worker, with an account that may call it? Messages that wait there say no.',
    'The next batch that a worker takes up closes this.',
  ],
});

async function servingModels({ warehouse, models }: CanaryContext): Promise<CheckedThing[]> {
  const serving = await warehouse.query<{ model_id: string; artefact_path: string }>(
    "SELECT model_id, artefact_path FROM nba_predictions.model_registry WHERE status = 'champion' ORDER BY model_id",
  );
  return Promise.all(
    serving.map(async ({ model_id, artefact_path }) => {
      const stored = await models.get(artefact_path);
      return {
        subject: model_id,
        is_bad: stored === undefined || stored.bytes.length === 0,
        note: stored === undefined ? `${artefact_path} is not there` : null,
      };
    }),
  );
}

const modelArtefacts = defineCanary({
  id: 'model_artefacts',
  phase: 'predict',
  question: 'Is the file of the champion there?',
  expected: 'a stored artefact of every champion',
  finding: 'no artefact of {of:champion|champions}',
  looksAt: 'now',
  severity: [{ by: '00:00', severity: 'critical' }],
  owner: 'predictions',
  repair: 'tipoff train --promote',
  dependsOn: [],
  whenEmpty: { pass: 'no model is champion: the day trains one' },
  look: { probe: servingModels },
  sabotage: {
    act: async ({ warehouse }, { asOf }) => {
      const at = asOf.toISOString();
      await warehouse.append(modelRegistry, [
        {
          market: 'all',
          model_id: 'proof-without-a-file',
          family: 'ridge',
          status: 'champion',
          status_changed_at: at,
          status_changed_by: 'proof',
          artefact_path: 'models/proof-without-a-file.json',
          artefact_hash: 'none',
          code_version: 'proof',
          feature_contract_hash: 'none',
          data_cutoff: at.slice(0, 10),
          training_from: at.slice(0, 10),
          training_rows: 0,
          calibration_rows: 0,
          config: '{}',
          metrics: '{}',
          created_at: at,
        },
      ]);
      return async () => {
        await warehouse.execute(
          "DELETE FROM nba_predictions.model_registry WHERE model_id = 'proof-without-a-file'",
        );
      };
    },
  },
  meaning:
    'The registry names a model whose file is gone: the next batch cannot load it, and predicts nothing or with another one.',
  steps: [
    'tipoff models list shows the champion and its path in the folder or bucket of models.',
    'Was the folder restored, moved or cleaned? A back-up has it: tipoff backup list.',
    'Otherwise train and promote a new one.',
  ],
});

/** The canaries of work that was begun and not finished, and of what it needs. */
export const WORK: readonly Canary[] = [workDied, messagesParked, unitsTaken, modelArtefacts];
