import type { BeamSettings } from './projection.js';

export type Side = 'left' | 'right';
export type Zone = 'upper' | 'middle' | 'lower';

/** What stays the same in all radiographs of one patient. */
export interface Body {
  sex: 'M' | 'F';
  ageYears: number;
  /** Size relative to the reference adult, about 0.85 to 1.12; scales every length. */
  size: number;
  /** Width and depth of the rib cage relative to the reference, about 0.92 to 1.08. */
  chestWidth: number;
  chestDepth: number;
  /** Soft tissue outside the rib cage, cm beyond the reference, about -1 to 4. */
  fatCm: number;
  /** Fixes the course of the lung vessels and the small irregularities of the bones. */
  anatomySeed: number;
}

/**
 * What is wrong, in lengths of the reference adult. Names as in ChestX-ray14. A cardiothoracic ratio above 0.5 is
 * Cardiomegaly; the other findings are present where their entry is.
 */
export interface Findings {
  /** Widest diameter of the heart over the inner width of the rib cage, in the patient, without magnification. */
  cardiothoracicRatio: number;
  /** Fluid around one lung: height of its level at the side wall above the lowest point of the lung, cm (2 to 20). */
  effusion?: { side: Side; heightCm: number };
  /**
   * Round nodules, diameter 0.8 to 3 cm, as dense as muscle (`calcified` 0) up to bone (1); `place` picks a point in the
   * lung, three numbers in 0..1.
   */
  nodules: { side: Side; diameterCm: number; calcified: number; place: readonly [number, number, number] }[];
  /** Air around one lung; `collapse` is the share of the lung's width that is lost, 0.04 to 0.6. */
  pneumothorax?: { side: Side; collapse: number };
  /** Airspace filled with fluid in one zone of a lung; `density` is its filling, 0..1 (1 is as dense as muscle). */
  consolidation?: { side: Side; zone: Zone; radiusCm: number; density: number; airBronchogram: boolean };
}

/** How the radiograph was taken. */
export interface Acquisition extends BeamSettings {
  /** 0 is a shallow breath (diaphragm high), 1 a full one. */
  inspiration: number;
  /** Photons per pixel of 1 mm2 where nothing lies in the beam. */
  photonsPerMm2: number;
  /** Share of scattered photons in what reaches the detector, on average over the image: 0 to 0.7. */
  scatterFraction: number;
  /** Display window in units of attenuation (line integral): what is mid-gray, and the width. */
  windowCentre: number;
  windowWidth: number;
  /** Border outside the collimator: share of the side, [left, right, top, bottom], and how it is shown. */
  collimation: readonly [number, number, number, number];
  border: 'black' | 'white';
  /** Position of the lead letter L, as shares of the side from the left and the top; absent where none was placed. */
  marker?: readonly [number, number];
}

/** Everything that determines one radiograph; plain JSON. */
export interface Phantom {
  body: Body;
  findings: Findings;
  acquisition: Acquisition;
  /** Fixes the texture of a consolidation and the quantum noise. */
  seed: number;
}

/** +1 for the left lung, -1 for the right: the sign of x. */
export function signOf(side: Side): 1 | -1 {
  return side === 'left' ? 1 : -1;
}
