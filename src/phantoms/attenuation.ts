/**
 * Linear attenuation coefficients, 1/cm, at about 70 keV, the effective energy of a filtered 120 kVp chest beam.
 * Mass coefficients between those at 60 and 80 keV in NISTIR 5632 (Hubbell and Seltzer; water 0.206 and 0.184, cortical bone
 * 0.315 and 0.223 cm2/g), times the densities 1 (water), 0.95 (adipose), 1.05 to 1.06 (muscle, blood), 0.26 (inflated lung)
 * and 1.92 g/cm3 (cortical bone); spongy bone is a mixture. `torso` is the mixture of fat and muscle of the chest wall.
 */
export const attenuation = {
  air: 0,
  lung: 0.05,
  adipose: 0.178,
  torso: 0.19,
  water: 0.193,
  muscle: 0.202,
  blood: 0.204,
  vertebra: 0.25,
  marrow: 0.23,
  bone: 0.5,
} as const;
