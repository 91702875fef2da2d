"""Model families that are ready to be tuned, with KerasTuner's hyperparameters; importing this loads no Keras."""

from kt_notebook.applications.augment import HyperImageAugment
from kt_notebook.applications.efficientnet import HyperEfficientNet
from kt_notebook.applications.resnet import HyperResNet
from kt_notebook.applications.xception import HyperXception

__all__ = ["HyperEfficientNet", "HyperImageAugment", "HyperResNet", "HyperXception"]
