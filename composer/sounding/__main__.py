"""The process that plays on a port: `python -m composer.sounding PORT`, see `desk`."""

import sys

from composer.sounding.desk import main

sys.exit(main(sys.argv[1:]))
