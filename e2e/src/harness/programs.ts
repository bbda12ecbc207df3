// Programs and the tree as the lab's other files name them: the lab itself runs from sources, compiled, and as a bundle.
export { programArguments, projectRoot as root } from "@holdfast/shared/process/testing/program-files";
