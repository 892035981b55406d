"Build configuration; every value comes from settings.ini"
import shlex
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.sdist import sdist

root = Path(__file__).parent
ini = ConfigParser(delimiters=['='])
ini.read(root/'settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']

class Sdist(sdist):
    "With the files that a build from it reads, and those that a reader of it wants"
    def make_release_tree(self, base_dir, files): super().make_release_tree(base_dir, [*files, 'settings.ini', 'constraints.txt', 'CHANGELOG.md', 'CITATION.cff'])

setup(
    name=cfg['lib_name'], version=cfg['version'], description=cfg['description'], keywords=cfg['keywords'],
    author=cfg['author'], author_email=cfg['author_email'], license='Apache-2.0', license_files=['LICENSE', 'cube_trainer/DATA_LICENSES.md'], url=cfg['git_url'],
    long_description=(root/'README.md').read_text(encoding='utf-8'), long_description_content_type='text/markdown',
    classifiers=['Development Status :: 3 - Alpha', 'Intended Audience :: Developers', 'Intended Audience :: Science/Research',
                 'Topic :: Scientific/Engineering :: Artificial Intelligence',
                 *(f'Programming Language :: Python :: 3.{minor}' for minor in (11, 12, 13))],
    packages=find_packages(include=['cube_trainer']), package_data={'cube_trainer': ['findings.json', 'DATA_LICENSES.md']}, python_requires=f">={cfg['min_python']}", zip_safe=False,
    install_requires=shlex.split(cfg['requirements']), extras_require={name: shlex.split(cfg[f'{name}_requirements']) for name in ('dev', 'onnx', 'faiss')}, cmdclass={'sdist': Sdist},
    entry_points={'console_scripts': cfg['console_scripts'].split(), 'nbdev': ['cube_trainer=cube_trainer._modidx:d']})
