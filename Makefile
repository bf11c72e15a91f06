# `make run` and `make test` are all that a fresh machine needs: Go, Node.js
# with npm, make and git.

export CGO_ENABLED := 0
GO    ?= go
BIN   := bin/rulebox
RACE  := . ./sandbox ./bus ./gateway ./store ./transaction ./runtime/... ./modules ./internal/...
NODE_CLIENT := examples/node-client/node_modules/.package-lock.json

# the worker's program, which the binary embeds; see sandbox/program
WORKER := sandbox/program/dist

# what internal/bundle writes last
BUNDLES := modules/npm/dist/stamp

ASSEMBLYSCRIPT := examples/wasm-assemblyscript/node_modules/.package-lock.json

# the servers that tests start (see internal/testserver), the browser of examples/oidc,
# and what compiles C to WebAssembly
DEBIAN := postgresql mariadb-server redis-server slapd chromium clang lld wasi-libc libclang-rt-14-dev-wasm32

# modules of their own, which bring what the product does not need
MODULES := examples/oidc

WORKER_DEPS := $(GO) list -deps ./sandbox/worker | grep '^[^/]*[.]' | sort

.PHONY: build run test debian check bench fuzz deps bundles clean

build: $(BUNDLES) ## the one binary, at bin/rulebox
	@mkdir -p bin
	@mkdir -p $(WORKER)
	$(GO) build -ldflags='-s -w' -o $(WORKER)/worker ./sandbox/program/main
	gzip -nf $(WORKER)/worker
	$(GO) build -tags workerprogram -ldflags='-s -w' -o $(BIN) ./cmd/rulebox

run: build ## build, serve, fire example logins; ONCE=1 ends after them; LISTEN, NATS_LISTEN choose addresses
	@$(GO) run ./examples/tour -rulebox $(BIN) $(if $(ONCE),-once) $(if $(LISTEN),-listen $(LISTEN)) $(if $(NATS_LISTEN),-nats-listen $(NATS_LISTEN))

# The sandbox's tests fill the machine, and look at how soon answers come: they run by themselves.
test: debian $(NODE_CLIENT) $(ASSEMBLYSCRIPT) build ## everything, against real workers and servers
	$(GO) test $$($(GO) list ./... | grep -v /sandbox)
	$(GO) test -p 1 ./sandbox/...
	$(GO) test -tags workerprogram -run '^(TestWorkersOfServer|TestOpen)$$' ./cmd/rulebox ./sandbox/program
	for m in $(MODULES); do $(GO) -C $$m test -count=1 ./... || exit 1; done
	CGO_ENABLED=1 $(GO) test -race -short $(RACE)

debian: ## the real servers, the browser and the compiler that tests start, from Debian's packages; RULEBOX_NO_SERVERS=1 leaves those tests out
	@[ -n "$$RULEBOX_NO_SERVERS" ] || { missing=; for p in $(DEBIAN); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	[ -z "$$missing" ] || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else echo "tests need these servers; as root: apt-get install$$missing (or set RULEBOX_NO_SERVERS=1)"; exit 1; fi; }

check: $(BUNDLES) ## format, vet, staticcheck, layers, generated files
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'run gofmt -w on:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) test -count=1 ./internal/layers
	$(GO) mod tidy -diff
	@$(WORKER_DEPS) | diff sandbox/worker/deps.txt - || { echo 'what the worker links changed: make deps, and look at the diff'; exit 1; }
	$(GO) mod verify
	staticcheck=$$($(GO) tool -n staticcheck) && for m in $(MODULES); do (cd $$m && $(GO) vet ./... && $$staticcheck ./... && \
		$(GO) mod tidy -diff) || { echo "in $$m (after a change of go.mod: make deps)"; exit 1; }; done

bench: build $(ASSEMBLYSCRIPT) ## the tables of doc/performance.md
	@cd internal/bench/rival && npm ci --no-audit --no-fund --loglevel=error || echo "the rival could not be installed: it is left out"
	$(GO) run ./internal/bench

fuzz: ## every fuzz target, FUZZTIME each (default 20s)
	@for p in $$($(GO) list ./...); do for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
		echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $${FUZZTIME:-20s} $$p || exit 1; done; done

deps: ## the list of what the jailed worker links, reviewed in diffs; go.mod of the other modules
	$(WORKER_DEPS) > sandbox/worker/deps.txt
	for m in $(MODULES); do $(GO) -C $$m mod tidy || exit 1; done

bundles: $(BUNDLES) ## the npm packages that scripts can require, by modules/npm/package-lock.json

# The program notices itself when nothing has changed.
$(BUNDLES): modules/npm/package.json modules/npm/package-lock.json $(wildcard modules/npm/shims/*) $(wildcard internal/bundle/*.go) go.mod
	$(GO) run ./internal/bundle

clean:
	rm -rf bin data $(WORKER)

$(NODE_CLIENT): examples/node-client/package-lock.json
	cd examples/node-client && npm ci --no-audit --no-fund --loglevel=error

$(ASSEMBLYSCRIPT): examples/wasm-assemblyscript/package-lock.json
	cd examples/wasm-assemblyscript && npm ci --no-audit --no-fund --loglevel=error
