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
  /** Where the data is stored: `embedded` is a folder on this machine. */
  readonly profile: string;
  /** Opens the configured stores, runs the work and always closes them. */
  readonly withApp: <T>(command: string, work: (app: App) => Promise<T>) => Promise<T>;
  /** Calls a named party over HTTP, with retries. */
  readonly http: (who: string) => Http;
  /** Runs the command line of Google Cloud. */
  readonly gcloud: Gcloud;
  /** A line for the log. */
  readonly log: (text: string) => void;
  /** Whom problems are assigned to: the value of TIPOFF_SLACK_OWNERS. */
  readonly slackOwners: string | undefined;
  /** Replaces Slack's host, for tests. */
  readonly slackUrl: string | undefined;
}

/** A report without its key and title, which the action declares once for success and failure. */
export type ReportBody = Omit<Report, 'key' | 'title'>;

/** Completes the report of an action: lists that are left out are empty. */
export function reportBody(given: Pick<ReportBody, 'verdict' | 'summary'> & Partial<ReportBody>): ReportBody {
  return { facts: [], columns: [], rows: [], outcomes: [], ...given };
}

/** The result of an action: its report, and the outputs that differ from the declared ones. */
interface ActionResult {
  readonly report: ReportBody;
  readonly outputs?: Outputs;
}

/** Distinguishes runs about different subjects, such as two services. */
interface About {
  readonly key?: string | undefined;
  readonly title?: string;
}

/** An action: its inputs, its default outputs, and what it does. */
export interface ActionDefinition<S extends InputSchema = InputSchema> {
  /** Also the key of its reports: one message, one comment and one check, which a successful run turns green again. */
  readonly name: string;
  readonly title: string;
  readonly inputs: S;
  /** Outputs with their initial values, which hold if the action fails. */
  readonly outputs: Outputs;
  /** Where runs have different subjects: a suffix of the key, and the title. */
  readonly about?: (inputs: z.output<S>, context: RunContext) => About;
  /** Hours without a scheduled run after which the action is reported as silent; absent for an action without a schedule. */
  readonly silentAfterHours?: number;
  /** True for an action that inspects: its job is green whatever it finds, and red only when it could not inspect. */
  readonly isGuard?: true;
  readonly run: (inputs: z.output<S>, deps: ActionDeps) => Promise<ActionResult>;
}

/** An action whose inputs have been read: its subject and its work. */
interface Begun {
  readonly about: About;
  readonly run: (deps: ActionDeps) => Promise<ActionResult>;
}

/** An action with the types of its inputs erased, so that all actions have one type. */
export interface Action {
  readonly name: string;
  readonly title: string;
  readonly inputs: InputSchema;
  readonly outputs: Outputs;
  readonly silentAfterHours: number | undefined;
  readonly isGuard: boolean;
  /** Reads the inputs. Throws TIPOFF_BAD_INPUT with every problem in one error. */
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
