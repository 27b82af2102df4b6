# What a developer runs, one target each; `make help` lists them.

GO       ?= go
GOLANGCI ?= $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK ?= $(GO) run golang.org/x/vuln/cmd/govulncheck@v1.9.0
CYCLONEDX   ?= $(GO) run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
N        ?= 20000
T        ?= 10s

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## bin/aggrun
	$(GO) build -o bin/ ./cmd/aggrun

.PHONY: test
test: ## all tests, on the embedded broker
	$(GO) test ./...

.PHONY: race
race: ## all tests under the race detector
	$(GO) test -race -timeout 30m ./...

.PHONY: vet
vet: ## go vet, and gofmt changes nothing
	$(GO) vet ./...
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; fi

.PHONY: lint
lint: ## golangci-lint at its pinned version
	$(GOLANGCI) run ./...

.PHONY: simulate
simulate: ## N simulated schedules of the protocol (N=20000)
	AGGRUN_SCHEDULES=$(N) $(GO) test -count=1 -run TestSimulate -timeout 30m ./pipeline/simulation/

.PHONY: exhaustive
exhaustive: ## every run of small schedules of the protocol, within two faults and with these SWITCHES (SWITCHES=0)
	AGGRUN_EXHAUSTIVE=1 AGGRUN_SWITCHES=$(SWITCHES) $(GO) test -count=1 -v -run TestExhaustive -timeout 30m ./pipeline/simulation/

.PHONY: faults
faults: ## N seeds of the real client on the embedded broker that fails (N=100)
	AGGRUN_SEEDS=$(if $(filter command line environment,$(origin N)),$(N),100) $(GO) test -count=1 -v -run TestFaults -timeout 120m ./pipeline/kafka/faults/

.PHONY: mutants
mutants: ## seeded bugs of the protocol, each of which the simulator has to catch
	AGGRUN_MUTANTS=1 $(GO) test -count=1 -v -run TestMutants -timeout 60m ./pipeline/simulation/

.PHONY: client-mutants
client-mutants: ## seeded bugs of the client, each of which a named test or some of 40 seeds have to catch
	AGGRUN_MUTANTS=1 $(GO) test -count=1 -v -run TestMutants -timeout 60m ./pipeline/kafka/faults/

.PHONY: fuzz
fuzz: ## every fuzz target for T each (T=10s)
	@GO=$(GO) testdata/fuzzing $(T)

.PHONY: kafka-up
kafka-up: ## a real Kafka and two registries on 127.0.0.1, from java and mvn alone
	@testdata/real/stack up

.PHONY: kafka-down
kafka-down: ## stop what kafka-up started and delete its data
	@testdata/real/stack down

.PHONY: e2e-real
e2e-real: kafka-up ## the end-to-end tests, on the real Kafka
	@testdata/real/e2e

.PHONY: verify-real
verify-real: build kafka-up ## every value of a run on the real Kafka against Python's statistics
	@testdata/verify/run

.PHONY: secure-up
secure-up: ## a real Kafka with TLS, logins and an authorizer
	@testdata/real/secure up

.PHONY: secure-down
secure-down: ## stop what secure-up started and delete its data
	@testdata/real/secure down

.PHONY: e2e-secure
e2e-secure: secure-up ## the tests of secured connections, on that Kafka
	@testdata/real/secure test

.PHONY: vulncheck
vulncheck: ## known vulnerabilities that the code reaches, by govulncheck at its pinned version
	$(GOVULNCHECK) ./...

.PHONY: sbom
sbom: build ## bin/aggrun.cdx.json: what bin/aggrun is made of, in CycloneDX
	$(CYCLONEDX) bin -json -std -output bin/aggrun.cdx.json bin/aggrun
