"Every public name: `from cube_trainer.all import *`"
from .core import *
from .reshaper import *
from .cube import *
from .pairs import *
from .wordfiles import *
from .vectors import *
from .datasets import *
from .expansion import *
from .cache import *
from .teachers import *
from .losses import *
from .evaluation import *
from .distillation import *
from .training import *
from .optimization import *
from .pipeline import *
