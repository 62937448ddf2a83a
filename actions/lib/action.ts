import type { z } from 'zod';
import type { App } from '#app/compose.ts';
import type { Report } from '#core/check.ts';
import type { Clock } from '#platform/clock.ts';
import type { RunContext } from './context.ts';
import type { Gcloud } from './gcloud.ts';
import type { Http } from './http.ts';
import { type GetInput, type InputSchema, readInputs } from './inputs.ts';
import type { Tipoff } from './tipoff.ts';

export type Outputs = Readonly<Record<string, string | number | boolean>>;

/** What an action may use of the machine and of the network. */
export interface ActionDeps {
  readonly context: RunContext;
  readonly clock: Clock;
  readonly tipoff: Tipoff;
  /** Where the data lies: `embedded` is a folder of this machine. */
  readonly profile: string;
  /** Opens what the configuration names for one piece of work, and closes it whatever happens. */
  readonly withApp: <T>(command: string, work: (app: App) => Promise<T>) => Promise<T>;
  /** Calls a named party over HTTP, with retries. */
  readonly http: (who: string) => Http;
  /** Runs the command line of Google Cloud. */
  readonly gcloud: Gcloud;
  /** A line for the log. */
  readonly log: (text: string) => void;
  /** Who is called by a problem, as TIPOFF_SLACK_OWNERS has it. */
  readonly slackOwners: string | undefined;
  /** Another host than Slack's. */
  readonly slackUrl: string | undefined;
}

/** A report but for whose it is, which the action declares once for good and bad endings. */
export type ReportBody = Omit<Report, 'key' | 'title'>;

/** Completes what an action has to say: lists that are left out are empty. */
export function reportBody(given: Pick<ReportBody, 'verdict' | 'summary'> & Partial<ReportBody>): ReportBody {
  return { facts: [], columns: [], rows: [], outcomes: [], ...given };
}

/** What an action has to say, and its outputs where they are not the ones it starts with. */
interface ActionResult {
  readonly report: ReportBody;
  readonly outputs?: Outputs;
}

/** Tells runs about different things apart, such as two services. */
interface About {
  readonly key?: string | undefined;
  readonly title?: string;
}

/** One action: what it takes, what it gives when it cannot say otherwise, and what it does. */
export interface ActionDefinition<S extends InputSchema = InputSchema> {
  /** Also the key of its reports: one message, one comment and one check, which a good run turns green again. */
  readonly name: string;
  readonly title: string;
  readonly inputs: S;
  /** Outputs with the values that hold until the action knows better. */
  readonly outputs: Outputs;
  /** What the inputs are about, where that is not always the same: a suffix of the key, and the title. */
  readonly about?: (inputs: z.output<S>, context: RunContext) => About;
  /** Hours without a run on schedule after which others must say that it is silent; absent when no schedule runs it. */
  readonly silentAfterHours?: number;
  /** True for an action that looks: what it finds is its result, and the job is green; red means that it could not look. */
  readonly isGuard?: true;
  readonly run: (inputs: z.output<S>, deps: ActionDeps) => Promise<ActionResult>;
}

/** The work of an action whose inputs were read, and what it is about. */
interface Begun {
  readonly about: About;
  readonly run: (deps: ActionDeps) => Promise<ActionResult>;
}

/** An action with its inputs' types checked here and forgotten afterwards, so that all actions have one type. */
export interface Action {
  readonly name: string;
  readonly title: string;
  readonly inputs: InputSchema;
  readonly outputs: Outputs;
  readonly silentAfterHours: number | undefined;
  readonly isGuard: boolean;
  /** Reads the inputs, all problems in one error, and gives the work. Throws TIPOFF_BAD_INPUT. */
  readonly begin: (getInput: GetInput, context: RunContext) => Begun;
}

/** Defines an action. */
export function defineAction<S extends InputSchema>(action: ActionDefinition<S>): Action {
  return {
    name: action.name,
    title: action.title,
    inputs: action.inputs,
    silentAfterHours: action.silentAfterHours,
    isGuard: action.isGuard === true,
    // Every action leaves its report for the step that posts it.
    outputs: { verdict: 'error', report: '', ...action.outputs },
    begin: (getInput, context) => {
      const inputs = readInputs(action.inputs, getInput);
      return {
        about: action.about?.(inputs, context) ?? {},
        run: (deps) => action.run(inputs, deps),
      };
    },
  };
}
