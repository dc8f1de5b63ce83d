/**
 * Published checkpoints by short name. Repository and file names and input statistics: facebookresearch/dinov2
 * (README.md, dinov2/hub, data/transforms.py), facebookresearch/dinov3, timm (default_cfgs), transformers (image
 * processors of each repository), torchvision (weights of resnet and densenet), torchxrayvision (models.py). Commits and
 * SHA-256 as public lock files of other projects record them, at least two that agree for each hash (one alone for
 * vit_tiny and vit_large: LibreYOLO's provenance; and for most of DINOv2's own host: refiners' conversion scripts).
 * What nobody published is undefined; the hub's own SHA-256 of large files is checked in any case.
 */
import { inputError, nearest } from '../../base/index.js';
import type { Source } from '../../hub/index.js';
import { INPUT_STATISTICS, type PublishedInput } from '../input-statistics.js';
import { XRV_INPUT } from './namings/xrv.js';

export interface PublishedWeights {
  /** The short name, unique. */
  name: string;
  /** Other names that people know it by. */
  aliases?: readonly string[];
  /** What it is, in one sentence. */
  title: string;
  /** Where its files are; the first is the weights, or the index of their parts. */
  sources: readonly [Source, ...Source[]];
  /** As its publisher names it. */
  licence: string;
  /** The hub gives it to those who accepted its licence. */
  gated?: true;
  /** Whose names its entries bear: the name of a `Naming`. */
  naming: string;
  /** Of the backbone. */
  parameters: number;
  /** Of the classification head that the file holds besides; 0 where it has none. */
  headParameters: number;
  /** Of the weights file, where known. */
  bytes?: number;
  /** undefined where only the files beside the weights tell. */
  input?: PublishedInput;
}

const { imagenet, half } = INPUT_STATISTICS;
const APACHE = 'Apache-2.0';
const DINOV3 = 'DINOv3 License';

const RESIZED_256: PublishedInput = {
  statistics: imagenet,
  size: 224,
  interpolation: 'bicubic',
  fit: 'crop',
  crop: 224 / 256,
};
const AUGREG: PublishedInput = { statistics: half, size: 224, interpolation: 'bicubic', fit: 'crop', crop: 0.9 };

interface Pin {
  revision?: string;
  sha256?: string;
  bytes?: number;
}

/** A repository of the hub with what lies beside its weights. */
function hub(repo: string, beside: readonly string[], { revision, sha256 }: Pin): PublishedWeights['sources'] {
  const [weights, ...rest] = ['model.safetensors', ...beside].map((file) => ({ repo, file, revision }));
  return [{ ...weights!, sha256 }, ...rest];
}

const transformers = (repo: string, pin: Pin) => hub(repo, ['config.json', 'preprocessor_config.json'], pin);
const timm = (name: string, pin: Pin) => hub(`timm/${name}`, ['config.json'], pin);

function dinov2(size: string, parameters: number, registers: boolean, pin: Pin): PublishedWeights {
  const [short, title] = { small: ['S', 'small'], base: ['B', 'base'], large: ['L', 'large'], giant: ['g', 'giant'] }[
    size
  ] as [string, string];
  return {
    name: `dinov2-${title}${registers ? '-reg' : ''}`,
    title: `DINOv2 ViT-${short}/14${registers ? ' with 4 registers' : ''}: self-supervised on LVD-142M (142 million photographs)`,
    sources: transformers(`facebook/dinov2-${registers ? 'with-registers-' : ''}${size}`, pin),
    licence: APACHE,
    naming: 'transformers',
    parameters,
    headParameters: 0,
    bytes: pin.bytes,
    input: RESIZED_256,
  };
}

function dinov2Original(letter: string, parameters: number, registers: boolean, sha256: string, bytes?: number) {
  const model = `dinov2_vit${letter}14`;
  const file = `${model}${registers ? '_reg4' : ''}_pretrain.pth`;
  return {
    name: `${model}${registers ? '_reg' : ''}`,
    title: `DINOv2 ViT-${letter === 'g' ? 'g' : letter.toUpperCase()}/14${registers ? ' with 4 registers' : ''}, the original file of facebookresearch/dinov2`,
    sources: [{ url: `https://dl.fbaipublicfiles.com/dinov2/${model}/${file}`, sha256 }],
    licence: APACHE,
    naming: 'dinov2',
    parameters,
    headParameters: 0,
    bytes,
    input: RESIZED_256,
  } satisfies PublishedWeights;
}

function dinov3(model: string, title: string, parameters: number, pin: Pin): PublishedWeights {
  return {
    name: `dinov3-${model}`,
    title: `DINOv3 ${title}: self-supervised on LVD-1689M (1.7 billion photographs)`,
    sources: transformers(`facebook/dinov3-${model}-pretrain-lvd1689m`, pin),
    licence: DINOV3,
    gated: true,
    naming: model.startsWith('convnext') ? 'transformers-dinov3' : 'transformers',
    parameters,
    headParameters: 0,
    bytes: pin.bytes,
    input: { statistics: imagenet, size: 224, interpolation: 'bilinear', fit: 'stretch', crop: 1 },
  };
}

function dinov3Timm(size: string, letter: string, parameters: number, pin: Pin): PublishedWeights {
  const name = `vit_${size}_patch16_dinov3.lvd1689m`;
  return {
    name,
    title: `DINOv3 ViT-${letter}/16 as timm publishes it`,
    sources: timm(name, pin),
    licence: DINOV3,
    naming: 'timm',
    parameters,
    headParameters: 0,
    bytes: pin.bytes,
    input: { statistics: imagenet, size: 256, interpolation: 'bicubic', fit: 'crop', crop: 1 },
  };
}

function supervised(
  name: string,
  title: string,
  parameters: number,
  headParameters: number,
  input: PublishedInput,
  pin: Pin = {},
  aliases?: readonly string[],
): PublishedWeights {
  const sources = timm(name, pin);
  const { bytes } = pin;
  return { name, aliases, title, sources, licence: APACHE, naming: 'timm', parameters, headParameters, bytes, input };
}

function torchvision(
  name: string,
  title: string,
  file: string,
  parameters: number,
  headParameters: number,
  crop: number,
): PublishedWeights {
  const [, sha256] = /-([0-9a-f]{8})\.pth$/.exec(file)!;
  return {
    name,
    title,
    sources: [{ url: `https://download.pytorch.org/models/${file}`, sha256 }],
    licence: 'BSD-3-Clause',
    naming: 'torchvision',
    parameters,
    headParameters,
    input: { statistics: imagenet, size: 224, interpolation: 'bilinear', fit: 'crop', crop },
  };
}

const XRV = 'https://github.com/mlmed/torchxrayvision/releases/download/v1';

function xrv(name: string, data: string, of: string, pin: Pin = {}): PublishedWeights {
  const url = `${XRV}/${of}-densenet121-d121-tw-lr001-rot45-tr15-sc15-seed0-best.pt`;
  return {
    name: `densenet121-res224-${name}`,
    title: `torchxrayvision's DenseNet-121: supervised on radiographs of ${data}`,
    sources: [{ url, sha256: pin.sha256, folder: '~/.torchxrayvision/models_data' }],
    licence: APACHE,
    naming: 'torchxrayvision',
    parameters: 6_947_584,
    headParameters: 18 * 1025,
    bytes: pin.bytes,
    input: { statistics: XRV_INPUT, size: 224, interpolation: 'bilinear', fit: 'crop', crop: 1 },
  };
}

const DEIT: PublishedInput = { statistics: imagenet, size: 224, interpolation: 'bicubic', fit: 'crop', crop: 0.9 };

export const PUBLISHED_WEIGHTS: readonly PublishedWeights[] = [
  dinov2('small', 22_056_576, false, {
    revision: 'ed25f3a31f01632728cabb09d1542f84ab7b0056',
    sha256: 'ae1e99fcefd534ed978cdeb8326f08030c96e28b7a81ffcbc98a857c84d14be1',
  }),
  dinov2('base', 86_580_480, false, {
    revision: 'f9e44c814b77203eaa57a6bdbbd535f21ede1415',
    sha256: 'd73036b56966966d07975d696bde331762f37297e2f095de8cea0040c3aa0841',
    bytes: 346_345_912,
  }),
  dinov2('large', 304_368_640, false, {
    revision: '47b73eefe95e8d44ec3623f8890bd894b6ea2d6c',
    sha256: '399fba97a95f22c36834418bc69373364a99af3a1153da1c0fb31db567c92e23',
    bytes: 1_217_522_888,
  }),
  dinov2('giant', 1_136_480_768, false, { revision: '611a9d42f2335e0f921f1e313ad3c1b7178d206d' }),
  dinov2('small', 22_058_112, true, { revision: '0d9846e56b43a21fa46d7f3f5070f0506a5795a9' }),
  dinov2('base', 86_583_552, true, {
    revision: 'a1d738ccfa7ae170945f210395d99dde8adb1805',
    sha256: '7a6f7b3b9fa4b8732e707476a03cd6cdce210048582f21aafb7991c17d98e362',
  }),
  dinov2('large', 304_372_736, true, { revision: 'e4c89a4e05589de9b3e188688a303d0f3c04d0f3' }),
  dinov2('giant', 1_136_486_912, true, { revision: '8d0d49f77fb8b5dd78842496ff14afe7dd4d85cb' }),

  dinov2Original('s', 22_056_576, false, 'b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9'),
  dinov2Original(
    'b',
    86_580_480,
    false,
    '0b8b82f85de91b424aded121c7e1dcc2b7bc6d0adeea651bf73a13307fad8c73',
    346_378_731,
  ),
  dinov2Original('l', 304_368_640, false, 'd5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428'),
  dinov2Original('g', 1_136_480_768, false, 'baf8467e50af277596bbbafa06887c177ee899ab46033649c383577d7e9309d3'),
  dinov2Original('s', 22_058_112, true, 'f433177089a681826f849f194ece3bb48f4d63fb38d32fc837e3dc7a4e5641fb'),
  dinov2Original('b', 86_583_552, true, '73182a088cf94833c94b1666d1c99e02fe87e2007bff57b564fb6206e25dba71'),
  dinov2Original('l', 304_372_736, true, '36e4deffbaef061a2576705b0c36f93621e2ae20bf6274694821b0b492551b51'),
  dinov2Original(
    'g',
    1_136_486_912,
    true,
    '746ecb8c6301c645c5c855be91687d274587d6e48fdaec4a729753160b34a283',
    4_546_140_349,
  ),

  {
    name: 'rad-dino',
    title: 'RAD-DINO, ViT-B/14: DINOv2 continued on chest radiographs; for research, not for clinical use',
    sources: transformers('microsoft/rad-dino', {
      revision: '110cbc18d5133582e320b43d53bf5c44e410c936',
      sha256: 'dbfb9f54459c38773505de64a6ab7807bdcb392610fe1e697166342e43fb91ae',
    }),
    licence: 'MIT',
    naming: 'transformers',
    parameters: 86_580_480,
    headParameters: 0,
    bytes: 346_345_912,
    input: {
      statistics: { mean: [0.5307, 0.5307, 0.5307], std: [0.2583, 0.2583, 0.2583] },
      size: 518,
      interpolation: 'bicubic',
      fit: 'crop',
      crop: 1,
    },
  },
  {
    name: 'rad-dino-maira-2',
    title: 'RAD-DINO of MAIRA-2, ViT-B/14: trained on more radiographs; for research, not for clinical use',
    sources: transformers('microsoft/rad-dino-maira-2', {}),
    licence: 'MSRLA',
    naming: 'transformers',
    parameters: 86_580_480,
    headParameters: 0,
  },

  dinov3('vits16', 'ViT-S/16', 21_614_992, {
    revision: '114c1379950215c8b35dfcd4e90a5c251dde0d32',
    sha256: '4610ad75edef83e75afdebf162d148dc628045ea6cbb83d67d4708c709c4f91d',
    bytes: 86_406_384,
  }),
  dinov3('vitb16', 'ViT-B/16', 85_697_296, {
    revision: '5931719e67bbdb9737e363e781fb0c67687896bc',
    sha256: '9a21ac3df0c63839d62612dda6f454d816c25611cc7a52966ed5a5a94921dc8b',
    bytes: 342_662_192,
  }),
  dinov3('vitl16', 'ViT-L/16', 303_227_920, {
    revision: 'ea8dc2863c51be0a264bab82070e3e8836b02d51',
    sha256: 'dcb2e45127cccbf1601e5f42fef165eea275c8e5213197e8dcf3f48822718179',
    bytes: 1_212_559_808,
  }),
  dinov3('convnext-tiny', 'ConvNeXt-T', 27_821_664, {}),
  dinov3('convnext-small', 'ConvNeXt-S', 49_456_224, {}),
  dinov3('convnext-base', 'ConvNeXt-B', 87_568_512, {}),
  dinov3('convnext-large', 'ConvNeXt-L', 196_233_408, {}),
  dinov3Timm('small', 'S', 21_586_944, {
    revision: '3bf4720a82ec2066db88137180ff1f83a675cef0',
    sha256: '2a1ec16ae28ffa07bc0ead0241ee7df9fc26451fe6f9f839b7b3afa0a906b040',
    bytes: 86_362_376,
  }),
  dinov3Timm('base', 'B', 85_641_216, {}),
  dinov3Timm('large', 'L', 303_079_424, {
    revision: '30c1109559f65dea34316b0d4842d35c5771fe11',
    sha256: '45172f209c9583c40538afc26b60a07033e6fcc2e8c30228338e6b2e932e7941',
    bytes: 1_212_347_640,
  }),

  supervised(
    'vit_tiny_patch16_224.augreg_in21k',
    'ViT-Ti/16: supervised on ImageNet-21k',
    5_524_416,
    193 * 21_843,
    AUGREG,
  ),
  supervised(
    'vit_small_patch16_224.augreg_in21k',
    'ViT-S/16: supervised on ImageNet-21k',
    21_665_664,
    385 * 21_843,
    AUGREG,
  ),
  // The study's (ii): since timm 0.4.9 (June 2021) its vit_base_patch16_224_in21k is these weights of "How to train
  // your ViT", before that orig_in21k; timm resolves the old name to this one (vision_transformer.py, deprecations).
  supervised(
    'vit_base_patch16_224.augreg_in21k',
    "ViT-B/16: supervised on ImageNet-21k; the study's initialization (ii)",
    85_798_656,
    769 * 21_843,
    AUGREG,
    {},
    ['vit_base_patch16_224_in21k'],
  ),
  supervised(
    'vit_large_patch16_224.augreg_in21k',
    'ViT-L/16: supervised on ImageNet-21k',
    303_301_632,
    1025 * 21_843,
    AUGREG,
  ),
  supervised(
    'vit_base_patch16_224.orig_in21k',
    'ViT-B/16 of the first ViT paper: supervised on ImageNet-21k',
    85_798_656,
    0,
    AUGREG,
  ),
  supervised(
    'vit_tiny_patch16_224.augreg_in21k_ft_in1k',
    'ViT-Ti/16: ImageNet-21k, then ImageNet-1k',
    5_524_416,
    193 * 1000,
    AUGREG,
    {
      revision: '7d3afdd0cf93ad84d986eb2d6bcc5812ebd0b106',
      sha256: 'fecf81b492bd13ee7a5297cb74d1d417aac8bf7e1b7d96aed89c4691984587ed',
    },
  ),
  supervised(
    'vit_small_patch16_224.augreg_in21k_ft_in1k',
    'ViT-S/16: ImageNet-21k, then ImageNet-1k',
    21_665_664,
    385 * 1000,
    AUGREG,
    {
      revision: '7e2c55630205e1266030f18370f4c6ed1a514b52',
      sha256: '79c03c635cdfd798a364a9d8c4e5c0b7255b975ea2c9616046d4f77ab01435aa',
      bytes: 88_216_496,
    },
  ),
  supervised(
    'vit_base_patch16_224.augreg2_in21k_ft_in1k',
    'ViT-B/16: ImageNet-21k, then ImageNet-1k',
    85_798_656,
    769 * 1000,
    AUGREG,
    {
      revision: '063c6c38a5d8510b2e57df480445e94b231dad2c',
      sha256: '32aa17d6e17b43500f531d5f6dc9bc93e56ed8841b8a75682e1bb295d722405b',
    },
  ),
  supervised(
    'vit_large_patch16_224.augreg_in21k_ft_in1k',
    'ViT-L/16: ImageNet-21k, then ImageNet-1k',
    303_301_632,
    1025 * 1000,
    AUGREG,
    {
      revision: '0930ab3308b84cb2ae091a4a80703c459412a4c7',
      sha256: '109390825a5bada2864f1b74445a63d29c51ef079c349644bc98996c452f6cf1',
    },
  ),
  supervised('deit_tiny_patch16_224.fb_in1k', 'DeiT-Ti/16: supervised on ImageNet-1k', 5_524_416, 193 * 1000, DEIT),
  supervised('deit_small_patch16_224.fb_in1k', 'DeiT-S/16: supervised on ImageNet-1k', 21_665_664, 385 * 1000, DEIT),
  supervised('deit_base_patch16_224.fb_in1k', 'DeiT-B/16: supervised on ImageNet-1k', 85_798_656, 769 * 1000, DEIT),
  {
    name: 'vit-base-patch16-224-in21k',
    title: "Google's ViT-B/16 of the first ViT paper: supervised on ImageNet-21k",
    sources: transformers('google/vit-base-patch16-224-in21k', {
      revision: 'b4569560a39a0f1af58e3ddaf17facf20ab919b0',
      sha256: 'fd4e1169c7aa6c2dbfa8a6448be13b35abc0ee256190857c90009d12c094619b',
    }),
    licence: APACHE,
    naming: 'transformers',
    parameters: 85_798_656,
    headParameters: 768 * 769,
    input: { statistics: half, size: 224, interpolation: 'bilinear', fit: 'stretch', crop: 1 },
  },

  supervised(
    'resnet50.a1_in1k',
    'ResNet-50: supervised on ImageNet-1k',
    23_508_032,
    2049 * 1000,
    { statistics: imagenet, size: 224, interpolation: 'bicubic', fit: 'crop', crop: 0.95 },
    {
      revision: '767268603ca0cb0bfe326fa87277f19c419566ef',
      sha256: '773525d5821de224f8f30c33377b7a795d7863e08522698200d3217d3f2a41bb',
      bytes: 102_469_840,
    },
  ),
  supervised('resnet50d.ra2_in1k', 'ResNet-50-D: supervised on ImageNet-1k', 23_527_264, 2049 * 1000, {
    statistics: imagenet,
    size: 224,
    interpolation: 'bicubic',
    fit: 'crop',
    crop: 0.875,
  }),
  torchvision(
    'torchvision-resnet50',
    "torchvision's ResNet-50 (IMAGENET1K_V1): supervised on ImageNet-1k",
    'resnet50-0676ba61.pth',
    23_508_032,
    2049 * 1000,
    224 / 256,
  ),
  torchvision(
    'torchvision-resnet50-v2',
    "torchvision's ResNet-50 (IMAGENET1K_V2): supervised on ImageNet-1k, newer recipe",
    'resnet50-11ad3fa6.pth',
    23_508_032,
    2049 * 1000,
    224 / 232,
  ),
  torchvision(
    'torchvision-densenet121',
    "torchvision's DenseNet-121: supervised on ImageNet-1k",
    'densenet121-a639ec97.pth',
    6_953_856,
    1025 * 1000,
    224 / 256,
  ),
  supervised('convnext_base.fb_in22k', 'ConvNeXt-B: supervised on ImageNet-22k', 87_566_464, 1025 * 21_841, {
    statistics: imagenet,
    size: 224,
    interpolation: 'bicubic',
    fit: 'crop',
    crop: 0.875,
  }),
  xrv(
    'all',
    'ChestX-ray14, PadChest, CheXpert, MIMIC-CXR, Google, Open-i and RSNA',
    'nih-pc-chex-mimic_ch-google-openi-kaggle',
    { sha256: '56524913dd16a906422e8d8b66a7a5c46be1d82eb7ac012d8103776f1aa68899', bytes: 28_382_008 },
  ),
  xrv('nih', 'ChestX-ray14', 'nih'),
  xrv('pc', 'PadChest', 'pc'),
  xrv('chex', 'CheXpert', 'chex'),
  xrv('mimic_ch', 'MIMIC-CXR', 'mimic_ch'),
];

/** A published checkpoint by its short name or alias; undefined where there is none. */
export function findPublished(name: string): PublishedWeights | undefined {
  return PUBLISHED_WEIGHTS.find((each) => each.name === name || each.aliases?.includes(name));
}

/** The error for a name that is no published checkpoint: it names those that are written alike. */
export function unknownName(name: string): Error {
  const names = PUBLISHED_WEIGHTS.flatMap((each) => [each.name, ...(each.aliases ?? [])]);
  const closest = nearest(name, names)!;
  return inputError({
    what: name,
    found: 'no such file, and no published checkpoint of this name',
    expected: `a file, hf:ORG/NAME, or a short name such as ${closest}`,
    fix: `Did you mean ${closest}? All names: hilum weights list`,
  });
}
