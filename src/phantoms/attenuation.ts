/**
 * Linear attenuation coefficients, 1/cm, at about 70 keV, the effective energy of a filtered 120 kVp chest beam.
 * Mass coefficients interpolated between 60 and 80 keV from NIST XCOM / NISTIR 5632 (Hubbell and Seltzer, tables 3 and 4)
 * times the densities of ICRU Report 44: water 0.193 cm2/g at 1 g/cm3, adipose 0.95, blood and muscle 1.05 to 1.06,
 * inflated lung 0.26, cortical bone 1.92 g/cm3. `torso` is the mixture of fat and muscle of the chest wall.
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
