/**
 * The settings that Python's huggingface_hub and torch.hub read from the environment, read at each call, so that hilum
 * and Python on the same machine share files. Sources: huggingface_hub/constants.py, utils/_auth.py; torch/hub.py.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { inputError } from '../base/index.js';

/** The Hugging Face cache: `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `$HF_HOME/hub`, else `~/.cache/huggingface/hub`. */
export function cacheFolder(): string {
  return folder('HF_HUB_CACHE') ?? folder('HUGGINGFACE_HUB_CACHE') ?? join(huggingFaceHome(), 'hub');
}

/** Where torch.hub keeps files of URLs: `$TORCH_HOME/hub/checkpoints`, else `~/.cache/torch/hub/checkpoints`. */
export function checkpointFolder(): string {
  return join(folder('TORCH_HOME') ?? join(userCache(), 'torch'), 'hub', 'checkpoints');
}

/** The hub: `HF_ENDPOINT`, e.g. a mirror, else https://huggingface.co. Throws an InputError where it is no web address. */
export function endpoint(): string {
  const text = (process.env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
  if (/^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : '')) return text;
  throw inputError({
    what: 'HF_ENDPOINT',
    found: `'${text}'`,
    expected: 'the address of a hub',
    fix: 'For instance https://huggingface.co.',
  });
}

/**
 * `HF_TOKEN`, else the content of `HF_TOKEN_PATH` or `$HF_HOME/token` (what `hf auth login` writes); undefined where
 * there is none or `HF_HUB_DISABLE_IMPLICIT_TOKEN` is set. Throws an InputError where it cannot be a token.
 */
export function accessToken(): string | undefined {
  if (isTrue('HF_HUB_DISABLE_IMPLICIT_TOKEN')) return undefined;
  const file = folder('HF_TOKEN_PATH') ?? join(huggingFaceHome(), 'token');
  const fromEnvironment = (process.env.HF_TOKEN || process.env.HUGGING_FACE_HUB_TOKEN || '').trim();
  const token = fromEnvironment || (existsSync(file) ? readFileSync(file, 'utf8').trim() : '');
  if (/^[!-~]*$/.test(token)) return token || undefined;
  throw inputError({
    what: fromEnvironment ? 'HF_TOKEN' : file,
    found: 'spaces or other characters that no token has',
    expected: 'one token, as https://huggingface.co/settings/tokens shows it',
  });
}

/** Whether `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE` forbids the network. */
export function isOffline(): boolean {
  return isTrue('HF_HUB_OFFLINE') || isTrue('TRANSFORMERS_OFFLINE');
}

function huggingFaceHome(): string {
  return folder('HF_HOME') ?? join(userCache(), 'huggingface');
}

function userCache(): string {
  return folder('XDG_CACHE_HOME') ?? join(homedir(), '.cache');
}

/** A path of the environment with `~` and `$NAME` resolved, as Python does; undefined where unset or empty. */
function folder(name: string): string | undefined {
  const text = process.env[name];
  if (!text) return undefined;
  const path = text.replace(/^~(?=\/|$)/, homedir());
  return path.replace(/\$(?:(\w+)|\{(\w+)\})/g, (found, a, b) => process.env[a ?? b] ?? found);
}

function isTrue(name: string): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes((process.env[name] ?? '').toUpperCase());
}
