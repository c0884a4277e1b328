# Every target is a script in Scripts/, so that nothing needs make.
.PHONY: help demo test clients instructions build kernels check-kernels docs examples format lint clean
.DEFAULT_GOAL := help

help:
	@Scripts/help

demo:
	@Scripts/demo

test:
	@Scripts/test

clients:
	@Scripts/check-clients

instructions:
	@Scripts/check-instructions

build:
	@Scripts/build

kernels:
	@Scripts/build-kernels

check-kernels:
	@Scripts/check-kernels

docs:
	@Scripts/docs

examples:
	@Scripts/examples

format:
	@Scripts/format

lint:
	@Scripts/lint

clean:
	@Scripts/clean
