/** Where other code bases keep the linear layer that hilum's classifiers have on the class token. */
import { cat, type StateDict, type Tensor } from '../../torch/index.js';
import type { Naming } from './namings/naming.js';

/** A classifier's linear layer: logits of `findings` from a feature vector. */
export interface Head {
  /** `[F, D]` */
  weight: Tensor;
  /** `[F]` */
  bias: Tensor;
  findings: readonly string[];
}

interface HeadPlace {
  /** Its names are `name`.weight and `name`.bias. */
  name: string;
  /** What the backbone's names then begin with. */
  prefix?: string;
  /** The class in transformers. */
  model?: string;
  /** The layer there also takes the mean of the patches, after the class token. */
  withPatchMean?: true;
}

/** By naming and architecture; transformers' by the `model_type` of their config. */
const PLACES: Readonly<Record<string, HeadPlace>> = {
  'timm vit': { name: 'head' },
  'timm dinov3-vit': { name: 'head' },
  'timm convnext': { name: 'head.fc' },
  'timm resnet': { name: 'fc' },
  'timm densenet': { name: 'classifier' },
  'torchvision resnet': { name: 'fc' },
  'torchvision densenet': { name: 'classifier' },
  'convnext convnext': { name: 'head' },
  'transformers vit': { name: 'classifier', prefix: 'vit.', model: 'ViTForImageClassification' },
  'transformers dinov2': {
    name: 'classifier',
    prefix: 'dinov2.',
    model: 'Dinov2ForImageClassification',
    withPatchMean: true,
  },
  'transformers dinov2_with_registers': {
    name: 'classifier',
    prefix: 'dinov2_with_registers.',
    model: 'Dinov2WithRegistersForImageClassification',
    withPatchMean: true,
  },
  'transformers convnext': { name: 'classifier', prefix: 'convnext.', model: 'ConvNextForImageClassification' },
  'transformers resnet': { name: 'classifier.1', prefix: 'resnet.', model: 'ResNetForImageClassification' },
};

/** A state dict with its head, under a code base's names. */
export interface Classified {
  state: StateDict;
  /** What `config.json` says of it. */
  config: Record<string, unknown>;
}

/** Adds a head to a backbone under the names of `naming`; undefined where its models have no place for one. */
export function withHead(
  state: StateDict,
  { weight, bias, findings }: Head,
  { name, architecture }: Naming,
  config: Readonly<Record<string, unknown>> = {},
): Classified | undefined {
  const isTransformers = name === 'transformers';
  const place = PLACES[`${name} ${isTransformers ? config.model_type : architecture}`];
  if (!place) return undefined;
  const { prefix = '' } = place;
  const backbone = Object.entries(state).map(([entry, tensor]) => [`${prefix}${entry}`, tensor] as const);
  return {
    state: {
      ...Object.fromEntries(backbone),
      [`${place.name}.weight`]: place.withPatchMean ? cat([weight, weight.zerosLike()], 1) : weight,
      [`${place.name}.bias`]: bias,
    },
    config: isTransformers
      ? {
          architectures: [place.model],
          id2label: Object.fromEntries(findings.map((finding, i) => [i, finding])),
          label2id: Object.fromEntries(findings.map((finding, i) => [finding, i])),
          problem_type: 'multi_label_classification',
        }
      : { num_classes: findings.length, label_names: findings },
  };
}
