# A Hugging Face Space (README front matter: sdk: docker, app_port: 7860), or any other place that runs containers.
#   docker build --build-arg TORCH_INDEX_URL=<index with the CPU builds of torch> -t pvt-viz .
#   docker run --rm -p 7860:7860 pvt-viz
FROM python:3.11-slim

# Letters for figures in Chinese, as PNG, SVG and PDF; on the page the browser brings its own.
RUN apt-get update && apt-get install -y --no-install-recommends fonts-wqy-microhei && rm -rf /var/lib/apt/lists/*

# A Space runs its container as user 1000.
RUN useradd --create-home --uid 1000 user \
    && install --directory --owner=user --group=user /home/user/app
ENV HOME=/home/user
WORKDIR /home/user/app

# Empty: torch comes from the default index, with GPU libraries that nothing here uses. With an index that offers
# CPU builds the image is several gigabytes smaller: torch==X also accepts X+cpu, and pip prefers it.
ARG TORCH_INDEX_URL=""
COPY requirements.txt ./
RUN pip install --no-cache-dir ${TORCH_INDEX_URL:+--extra-index-url "$TORCH_INDEX_URL"} -r requirements.txt

COPY --chown=user:user . .
USER user

# A Space shows the app in an iframe on another site, where browsers hold back the XSRF cookie, so that every upload
# would end in a 403. Nothing is lost by doing without: there is no login to ride on, and an upload must name a live
# session's random id. server.enableCORS stays on: it is what keeps foreign pages from opening the WebSocket.
# hideWelcomeMessage: the start-up banner would look up this machine's public address outside.
ENV STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION=false \
    STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE=true \
    XDG_CACHE_HOME=/home/user/.cache \
    XDG_CONFIG_HOME=/home/user/.config \
    PYTHONUNBUFFERED=1 \
    PORT=7860

EXPOSE 7860

# The start period covers loading torch and the default model on a small machine.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT') or 7860}/health\", timeout=4)"]

# sh for the variable, exec so that Streamlit itself gets the signal to stop.
CMD ["sh", "-c", "exec streamlit run app.py --server.port=${PORT:-7860} --server.address=0.0.0.0 --server.headless=true"]
