"Every public name: `from cube_trainer.all import *`"
from .core import *
from .reshaper import *
from .cube import *
from .datasets import *
from .teachers import *
from .losses import *
from .evaluation import *
from .training import *
from .optimization import *
from .pipeline import *
