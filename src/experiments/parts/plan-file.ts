/** `plan.json`: what a plan found, for the run and the status of the same experiment. */
import { join } from 'node:path';
import { writeJson } from '../../base/index.js';
import { readJsonIfThere } from './running.js';

export interface StoredPlan {
  /** Shared among the parts. */
  cores: number;
  nodes: {
    id: string;
    /** The node's: where it is another now, this says nothing of it. */
    key: string;
    /** Null where it could not be estimated. */
    seconds: number | null;
    /** Bytes. */
    memory: number;
  }[];
}

const planPath = (folder: string) => join(folder, 'plan.json');

export const writeStoredPlan = (folder: string, plan: StoredPlan): void => writeJson(planPath(folder), plan);

export const readStoredPlan = (folder: string): StoredPlan | undefined => readJsonIfThere<StoredPlan>(planPath(folder));
