/** A small search space with its genotype, as aw_nas writes it: what two suites read. */
export const smallYaml = `
search_space_type: cnn
search_space_cfg:
  num_cell_groups: 2
  num_init_nodes: 1
  num_layers: 2
  cell_layout: [0, 1]
  reduce_cell_groups: !!python/tuple [1]
  num_steps: 1
final_model_type: bnn_final_model
final_model_cfg:
  genotypes: "normal_0=[('xnor_resnet_block', 0, 1)], reduce_1=[('xnor_resnet_block', 0, 1)]"
  init_channels: 8
  stem_multiplier: 1
  layer_channels: [8, 8, 16]
  cell_use_preprocess: no
  num_classes: 4
`;
