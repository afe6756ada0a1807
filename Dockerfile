# The page in a container:
#
#   docker build --tag composer .
#   docker run --rm --publish 7860:7860 composer
FROM python:3.11-slim-bookworm

# PyTorch's own index of builds without CUDA; everything else comes from where pip looks anyway.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

WORKDIR /app

COPY packages.txt requirements.txt ./
# Debian keeps the versions of a release; a pinned one is gone with its next security fix.
# hadolint ignore=DL3008
RUN apt-get update \
    && xargs apt-get install --yes --no-install-recommends <packages.txt \
    && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" --requirement requirements.txt

# Owned by root: the page cannot change what it runs.
COPY LICENSE ATTRIBUTION.md app.py ./
COPY soundfonts soundfonts
COPY assets assets
COPY configs configs
COPY composer composer
RUN python -m compileall -q composer \
    && useradd --create-home --uid 1000 composer

USER 1000
ENV HOST=0.0.0.0 PORT=7860 PYTHONUNBUFFERED=1
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/api/v1/health', timeout=8)"]
CMD ["python", "app.py"]
