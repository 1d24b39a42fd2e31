// Package test tries the Helm chart in ../riskrelay: whether Helm, the schemas of two versions of Kubernetes, the judge of Pod Security
// and Prometheus take what it renders, and whether riskrelay itself runs in the pod that it describes.
//
// It is a module of its own, so that neither Helm nor Kubernetes is among the product's dependencies.
package test
