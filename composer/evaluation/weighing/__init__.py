"""What every rule of the scores weighs: learned from real pieces, damaged ones and draws."""

from composer.evaluation.weighing.learning import Learned, learn_weights, save_weights
from composer.evaluation.weighing.material import Sizes, make_material

__all__ = ["Learned", "Sizes", "learn_weights", "make_material", "save_weights"]
