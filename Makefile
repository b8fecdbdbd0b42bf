# Every command of this project. CI runs the same ones (.ci/run) and nothing of its own.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test schemathesis build lint format openapi run clean setup bench compose-test

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

demo: setup ## Run everything, import a menu, send an order through; ONCE=1 ends afterwards
	@echo 'Building. The first build takes 5 to 10 minutes, later ones seconds.'
	@.ci/quietly build swift build
	@exec "$$(swift build --show-bin-path)/demo" $(if $(filter-out 0 no false,$(ONCE)),--once)

# Swift Testing starts every test at once, and on two cores hundreds of them starve each other past their time limits. Only
# the test program itself takes a bound; where it is a bundle (macOS), swift test runs it.
test: setup ## Build and run all tests, on a private PostgreSQL
	swift build --build-tests
	@program="$$(swift build --show-bin-path)/upvendo-posPackageTests.xctest"; \
	if [[ -f $$program ]]; then \
	    exec .ci/test "$$program" --testing-library swift-testing --experimental-maximum-parallelization-width 6; \
	else \
	    exec .ci/test swift test --skip-build; \
	fi

schemathesis: setup ## Throw thousands of requests at the running services, by their OpenAPI documents
	@.ci/quietly build swift build
	@Tests/Schemathesis/run "$$(swift build --show-bin-path)"

build: setup ## Build everything but the tests
	swift build

bench: setup ## Measure a release build beside pgbench: make bench ARGS='intake latency --pairs 5'
	@echo 'Building for release. The first build takes about 10 minutes.'
	@for product in order-router table-allocator kassanet-gateway menu-sync kassanet-simulator bench; do \
		.ci/quietly bench-build swift build -c release --product $$product; \
	done
	@exec "$$(swift build -c release --show-bin-path)/bench" $(ARGS)

compose-test: ## Build the images and deliver orders through them; needs a Docker engine
	@compose/test

lint: ## Check the form of the code
	@.ci/lint

format: ## Put the code into that form
	swift format format --in-place --recursive --parallel Package.swift services shared Tests

openapi: setup ## Write docs/openapi from the declarations
	@.ci/quietly build swift build
	@for service in order-router table-allocator kassanet-gateway mplus-gateway menu-sync scheduler; do \
	    "$$(swift build --show-bin-path)/$$service" openapi >.run/openapi.json; \
	    mv .run/openapi.json "docs/openapi/$$service.json"; \
	done

run: setup ## Build and start one service: make run SERVICE=order-router ARGS=--help
	$(if $(SERVICE),,$(error SERVICE is not set; try make run SERVICE=order-router ARGS=--help))
	@.ci/quietly build swift build --product $(SERVICE)
	@exec "$$(swift build --show-bin-path)/$(SERVICE)" $(ARGS)

clean: ## Delete what was built and what runs left behind
	swift package clean
	rm -rf .run

setup: ## Install what is missing on this machine
	@.ci/setup
