import type { Command } from 'commander';
import { fetchWeights } from '../../../src/models/index.js';
import { stoppable } from '../../interrupt.js';
import { note, print, printJson } from '../../output.js';
import { Progress, type Task } from '../../progress.js';

interface FetchFlags {
  revision?: string;
  json?: true;
}

export function register(weights: Command): void {
  weights
    .command('fetch')
    .description('fetch published weights into the caches that Python on this machine shares')
    .argument('<what...>', 'short names (see: hilum weights list), hf:ORG/NAME[/FILE][@REVISION], or addresses')
    .option('--revision <name>', 'branch, tag or commit of a hub repository, in place of the known one')
    .option('--json', 'print one JSON document on standard output')
    .addHelpText(
      'after',
      `
Repositories of the hub go into the Hugging Face cache, where transformers, timm and huggingface_hub find them; other
addresses go where torch.hub keeps them. What is there is not fetched again; an interrupted or killed fetch goes on where it
stopped. Sizes are checked, and SHA-256 wherever it is published.

Environment:
  HF_HOME, HF_HUB_CACHE           where the cache is (~/.cache/huggingface/hub)
  TORCH_HOME                      where other addresses go (~/.cache/torch/hub/checkpoints)
  HF_ENDPOINT                     a mirror of the hub
  HF_TOKEN                        your token, for gated and private repositories; else the one of "hf auth login"
  HF_HUB_OFFLINE=1                never use the network
  NODE_USE_ENV_PROXY=1            use HTTPS_PROXY (Node.js 22.21, 24 and newer)

Exit codes: 0 everything is there; 1 the network or the content failed; 2 no such weights, no access, no room; 130 stopped.

Examples:
  hilum weights fetch dinov2-base rad-dino
  hilum weights fetch dinov3-vitb16                      # gated: says how to get access
  hilum weights fetch hf:facebook/dinov2-small@main --json
  hilum weights fetch https://dl.fbaipublicfiles.com/dinov2/dinov2_vitb14/dinov2_vitb14_pretrain.pth`,
    )
    .action(fetch);
}

async function fetch(names: string[], { revision, json }: FetchFlags): Promise<void> {
  const progress = new Progress();
  const stop = new AbortController();
  const results: object[] = [];
  for (const name of names) {
    const tasks = new Map<string, Task>();
    const onProgress = (file: string, done: number, total: number) => {
      const task = tasks.get(file) ?? progress.start({ name: file, total: mega(total), unit: 'MB', done: mega(done) });
      tasks.set(file, task);
      task.update(mega(done));
      if (done === total) task.end();
    };
    const done = fetchWeights(name, { revision, onProgress, signal: stop.signal });
    const { path, published } = await stoppable({ done, stop: () => stop.abort() }).finally(() => progress.clear());
    results.push({ name: published?.name ?? name, path, licence: published?.licence });
    if (published && !json) note(`${published.name}: ${published.title}. Licence: ${published.licence}.`);
    if (!json) print(path);
  }
  if (json) printJson(results);
}

const mega = (bytes: number) => Math.round(bytes / 1e5) / 10;
