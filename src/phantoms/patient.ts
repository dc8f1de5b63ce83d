import type { Random } from '../base/index.js';
import { type FindingName, findingNames } from './findings.js';
import type { Acquisition, Body, Findings, Phantom, Side, Zone } from './phantom.js';

export interface PatientOptions {
  /** Radiographs of this patient, at least 1. Default 1. */
  images?: number;
  /**
   * How strongly findings go with the AP view and with age, as in hospitals, where the sick are X-rayed in bed: 0 not at all, 1
   * multiplies the odds of each finding by 2 for AP over PA and by 1.5 for 25 years. Default 1.
   */
  confounding?: number;
  /** The mildest severity drawn, 0..1 of each finding's range; 0 has cases that hardly show. Default 0. */
  mildest?: number;
}

/** The share of radiographs with each finding, at the middle of views and ages. */
const prevalence: Record<FindingName, number> = {
  Cardiomegaly: 0.2,
  Consolidation: 0.2,
  Effusion: 0.22,
  Nodule: 0.16,
  Pneumothorax: 0.15,
};

/** The chance that a follow-up radiograph keeps what the one before it had, rather than being drawn anew. */
const persistence = 0.6;

/** Draws one patient's radiographs, earliest first. The body stays, age and findings move on, each radiograph is taken anew. */
export function drawPatient(
  random: Random,
  { images = 1, confounding = 1, mildest = 0 }: PatientOptions = {},
): Phantom[] {
  const body = drawBody(random);
  const normalRatio = Math.min(0.45 + 0.025 * random.normal(), 0.492);
  const phantoms: Phantom[] = [];
  let before: Findings | undefined;
  for (let i = 0; i < images; i++) {
    const ageYears = Math.min(body.ageYears + (i > 0 ? i * random.integer(2) : 0), 95);
    const view = random.uniform() < 0.4 ? 'AP' : 'PA';
    const odds = 2 ** (confounding * (view === 'AP' ? 0.6 : -0.4)) * 1.5 ** ((confounding * (ageYears - 50)) / 25);
    const findings = drawFindings(random, { odds, normalRatio, mildest }, before);
    before = findings;
    const acquisition = drawAcquisition(random, view, body);
    phantoms.push({ body: { ...body, ageYears }, findings, acquisition, seed: random.uint32() });
  }
  return phantoms;
}

function drawBody(random: Random): Body {
  const sex = random.uniform() < 0.55 ? 'M' : 'F';
  return {
    sex,
    ageYears: Math.round(Math.min(Math.max(50 + 17 * random.normal(), 18), 92)),
    size: (sex === 'M' ? 1.02 : 0.94) * (1 + 0.035 * clipped(random)),
    chestWidth: 1 + 0.035 * clipped(random),
    chestDepth: 1 + 0.05 * clipped(random),
    fatCm: Math.max(0.7 + 1.1 * clipped(random), -0.8),
    anatomySeed: random.uint32(),
  };
}

/** A standard normal draw within two standard deviations. */
function clipped(random: Random): number {
  return Math.min(Math.max(random.normal(), -2), 2);
}

function drawFindings(
  random: Random,
  { odds, normalRatio, mildest }: { odds: number; normalRatio: number; mildest: number },
  before?: Findings,
): Findings {
  const chance = (name: FindingName) => (prevalence[name] * odds) / (1 - prevalence[name] + prevalence[name] * odds);
  const drawn = Object.fromEntries(findingNames.map((name) => [name, random.uniform() < chance(name)]));
  const severity = () => mildest + (1 - mildest) * random.uniform();
  const fresh: Findings = {
    cardiothoracicRatio: drawn.Cardiomegaly ? 0.505 + 0.11 * severity() : normalRatio,
    nodules: [],
  };
  if (drawn.Effusion) fresh.effusion = { side: drawSide(random), heightCm: 8 + 12 * severity() };
  if (drawn.Nodule) {
    const count = 1 + (random.uniform() < 0.35 ? 1 + random.integer(3) : 0);
    fresh.nodules = Array.from({ length: count }, () => ({
      side: drawSide(random),
      diameterCm: 1 + 2 * severity() ** 0.7,
      calcified: 0.7 * severity(),
      place: [random.uniform(), random.uniform(), random.uniform()],
    }));
  }
  if (drawn.Pneumothorax) fresh.pneumothorax = { side: drawSide(random), collapse: 0.05 + 0.3 * severity() ** 1.5 };
  if (drawn.Consolidation) {
    const zones: Zone[] = ['upper', 'middle', 'lower', 'lower'];
    fresh.consolidation = {
      side: drawSide(random),
      zone: zones[random.integer(zones.length)]!,
      radiusCm: 3 + 2.5 * severity(),
      density: 0.6 + 0.4 * severity(),
      airBronchogram: random.uniform() < 0.4,
    };
  }
  const keep = findingNames.filter(() => random.uniform() < persistence);
  if (before === undefined) return fresh;
  const source = (name: FindingName) => (keep.includes(name) ? before : fresh);
  return {
    cardiothoracicRatio: source('Cardiomegaly').cardiothoracicRatio,
    nodules: source('Nodule').nodules,
    effusion: source('Effusion').effusion,
    pneumothorax: source('Pneumothorax').pneumothorax,
    consolidation: source('Consolidation').consolidation,
  };
}

function drawSide(random: Random): Side {
  return random.uniform() < 0.5 ? 'left' : 'right';
}

/** PA: upright in the department, well positioned. AP: in bed; shallower breath, more rotation, more scatter. */
function drawAcquisition(random: Random, view: 'PA' | 'AP', body: Body): Acquisition {
  const bed = view === 'AP';
  const spread = bed ? 2 : 1;
  const gap = bed ? random.between(2.5, 5) : random.between(2, 3.5);
  const side = random.between(bed ? 37 : 35, 42) * (0.5 + 0.5 * body.size);
  const framed = random.uniform() < 0.3;
  const margin = () => (framed && random.uniform() < 0.6 ? random.between(0.01, 0.06) : 0);
  return {
    view,
    detectorDistance: (11 * body.chestDepth + 0.6 * body.fatCm + 4) * body.size + gap,
    side,
    rotationDegrees: 2.2 * spread * clipped(random),
    tiltDegrees: (bed ? 4 : 0) + 2 * spread * clipped(random),
    leanDegrees: 1.3 * spread * clipped(random),
    aim: [1 * clipped(random), 0, 1.2 * spread * 0.7 * clipped(random) - 1],
    inspiration: bed ? random.between(0.1, 0.85) : random.between(0.4, 1),
    photonsPerMm2: random.between(bed ? 800 : 1500, 5000),
    scatterFraction: bed ? random.between(0.35, 0.55) : random.between(0.15, 0.35),
    windowCentre: (bed ? 1.9 : 2.1) + 0.13 * body.fatCm + 0.25 * clipped(random),
    windowWidth: random.between(2, 3.2),
    collimation: [margin(), margin(), margin(), margin()],
    border: random.uniform() < 0.8 ? 'black' : 'white',
    marker: random.uniform() < 0.7 ? [random.between(0.82, 0.92), random.between(0.03, 0.12)] : undefined,
  };
}
